import { expect, it } from 'vitest'
import { type RelayReport, requestText } from '#src/protocol/relay-request.ts'

const row = {
  ...{ relay: 'https://relay.example.com', status: 'active', accountsHere: 543 },
  ...{ accountsThere: 543, asked: 543, active: 100, throttled: 443, absent: 0 },
  ...{ lagSeconds: 0, limit: 100, lastAsked: '2026-08-25T10:11:12.000Z' },
}
const report: RelayReport = {
  hostname: 'pds.example.com',
  accounts: { active: 543, takendown: 2 },
  policy: {
    inviteRequired: false,
    rateLimits: true,
    signUps: { perBlock: 50, perServer: 200 },
    contactEmail: 'operator@example.com',
  },
  relays: [row],
}

it("the request to a relay's operator has the host, the counts on both sides, and the policy", () => {
  expect(requestText(report, row)).toBe(
    `Account limit of pds.example.com

Please raise the account limit of pds.example.com at https://relay.example.com to 1100.

The server
- https://pds.example.com, with 543 active accounts (and 2 takendown)
- <what it is for, who uses it, and how many accounts are new in a month>
- Contact: operator@example.com

At the relay, 2026-08-25T10:11Z
- getHostStatus: active, accountCount 543, 0 s behind
- getRepoStatus of 543 accounts: 100 active, 443 throttled, 0 not found

Measures against spam
- Sign-up is open, with at most 50 from an address block (IPv4 /24, IPv6 /48) and 200 in all in an hour
- Rate limits by address, those of the reference PDS
- Accounts of a flood can be found by time and network, and are then deleted at a pace that relays follow
- <moderation: who takes reports, and how fast>`,
  )
})

it('the request says no more than is known', () => {
  const policy = { ...report.policy, rateLimits: false, inviteRequired: true, contactEmail: null }
  const unknown = { ...row, accountsHere: null, accountsThere: null, lagSeconds: null }
  const known = { ...unknown, lastAsked: null, status: 'unknown' }
  const text = requestText({ ...report, accounts: null, policy }, known)
  expect(text).toContain('to 1000.')
  expect(text).toContain('with <number> active accounts\n')
  expect(text).toContain('- Contact: <mail address>\n')
  expect(text).toContain('At the relay\n- getHostStatus: unknown\n')
  expect(text).toContain('- Sign-up needs an invite code\n- Accounts of a flood')
})

import { expect, it } from 'vitest'
import { addMember } from '#src/account/group/members.ts'
import { MembershipMirror, type MirroredMembership } from '#src/account/membership-mirror.ts'
import { eddie, makeGroup, olga, owner } from '#tests/support/group-scenarios.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

async function openMirror(options: { failures?: number; onSend?: () => void } = {}) {
  let failures = options.failures ?? 0
  const group = await openTestAccount()
  const sent: MirroredMembership[] = []
  const background: Promise<unknown>[] = []
  const order: string[] = []
  const mirror = new MembershipMirror({
    sql: group.sql,
    reminder: { ensure: async () => void order.push('reminder') },
    send: async (memberships) => {
      options.onSend?.()
      if (failures-- > 0) throw new Error('the directory is away')
      sent.push(...memberships)
    },
    keepAwake: (work) => void background.push(work),
    pause: async () => {},
    onFailure: () => {},
    isActorStopped: () => false,
  })
  const account = { ...group, membershipMirror: mirror }
  return { account, mirror, sent, order, settled: () => Promise.all(background) }
}

it('the directory has a change before it is answered, and a reminder before it is stored', async () => {
  const { account, sent, order, mirror } = await openMirror()
  await makeGroup(account)
  expect(sent).toEqual([{ did: olga, role: 'owner', expiresAt: null }])
  expect(order).toEqual(['reminder'])
  expect(await account.sql.all('SELECT 1 FROM membership_change')).toEqual([])
  expect(mirror.close()).toBe(true)
})

it('a directory that is away is told later, and keeps the reminder until then', async () => {
  const { account, sent, settled, mirror } = await openMirror({ failures: 3 })
  await makeGroup(account)
  expect(sent).toEqual([])
  await settled()
  expect(sent).toMatchObject([{ did: olga }])
  expect(mirror.close()).toBe(true)
})

it('what was not told stays for the next wake', async () => {
  const { account, settled, mirror } = await openMirror({ failures: 1_000 })
  await makeGroup(account)
  await addMember(account, { by: owner, did: eddie, role: 'editor' })
  await settled()
  expect(mirror.close()).toBe(false)
  const rows = await account.sql.all('SELECT did, role FROM membership_change ORDER BY did')
  expect(rows).toEqual([
    { did: eddie, role: 'editor' },
    { did: olga, role: 'owner' },
  ])
})

it('a change that fails is not told', async () => {
  const { account, sent } = await openMirror()
  await expect(addMember(account, { by: owner, did: eddie, role: 'editor' })).rejects.toThrow()
  expect(sent).toEqual([])
})

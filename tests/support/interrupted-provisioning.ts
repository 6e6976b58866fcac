/** A file of a tenant's accounts, interrupted and sent again: each account is made once, and the quota is exact. */
import { expect } from 'vitest'
import { groupClient, ok } from '#tests/support/group-client.ts'
import { asOperator, type Interrupted, usageOf } from '#tests/support/interrupted.ts'
import { expectAuditedMembers } from '#tests/support/interrupted-membership.ts'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import { publishedDids, sendRows } from '#tests/support/row-files.ts'
import type { TestAccount, TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'

const WAIT = { timeout: 120_000 }
const ROWS = 12
/** Each fourth account is a group. */
const GROUPS = ROWS / 4
/** So often a file is interrupted, and then sent to its end. */
const ATTEMPTS = 3

export async function interruptedProvisioning(
  server: Pick<TestServer, 'url'>,
  { olga, eddie, plcFolder }: { olga: TestAccount; eddie: TestAccount; plcFolder: string },
): Promise<Interrupted> {
  let tenant = ''
  let attempts = 0
  let files = 0
  let others = 0
  const dids = new Map<string, string>()
  const members = [
    { did: olga.did, role: 'owner' },
    { did: eddie.did, role: 'editor' },
  ]
  const lines = Array.from({ length: ROWS }, (_, i) =>
    JSON.stringify({ externalId: `row ${i}`, ...(i % 4 === 0 && { kind: 'group', members }) }),
  )
  const send = async () => {
    const headers = { authorization: adminAuthorization, tenant }
    const { results } = await sendRows({ url: server.url, headers }, 'createAccounts', lines)
    for (const { externalId, did, ...result } of results) {
      expect({ ...result, did }).toMatchObject({ did: expect.stringMatching(/^did:plc:/) })
      const known = dids.get(externalId!) ?? did
      expect(did, 'another account for the same external id').toBe(known)
      dids.set(externalId!, did!)
    }
    return results
  }
  const usage = () => usageOf(server, tenant)

  /** The file is complete, and nothing is there besides. */
  async function end(): Promise<void> {
    if (tenant === '') return
    expect(await send()).toHaveLength(ROWS)
    expect(await send()).toMatchObject(
      Array(ROWS).fill({ status: expect.stringMatching(/^exist/) }),
    )
    expect(new Set(dids.values()).size).toBe(ROWS)
    expect(await usage()).toMatchObject({ accounts: ROWS, groups: GROUPS })
    const one = { externalId: 'one too many' }
    const refused = await asOperator(server, 'tenant.createAccount', one, tenant)
    expect(refused).toMatchObject({ status: 413, body: { error: 'QuotaExceeded' } })
    const operations = publishedDids(plcFolder)
    for (const did of dids.values()) expect(operations.get(did)).toBe(1)
    expect(operations.size - others).toBe(ROWS)
    using firehose = new Subscription(server, 0)
    const kinds = () =>
      [...dids.values()].map((did) => firehose.eventsOf(did).map(({ kind }) => kind))
    const whole = ['#identity', '#account', '#commit', '#sync']
    await expect.poll(kinds, WAIT).toEqual(Array(ROWS).fill(whole))
    for (const [externalId, did] of dids) {
      if (Number(externalId.slice(4)) % 4 !== 0) continue
      await expectAuditedMembers(server, olga, did)
      const query = { account: did }
      const { role } = ok(await groupClient(server).ask(eddie, 'getMe', undefined, query))
      expect(role).toBe('editor')
    }
  }

  return {
    links: ['plc', 'engine'],
    async prepare() {
      if (attempts++ % ATTEMPTS !== 0) return
      await end()
      dids.clear()
      others = publishedDids(plcFolder).size
      tenant = `file${++files}`
      const quotas = { accounts: ROWS, groups: GROUPS, accountsPerHour: ROWS }
      const input = { id: tenant, name: tenant, quotas }
      expect(await asOperator(server, 'admin.createTenant', input)).toMatchObject({ status: 200 })
    },
    async run() {
      await send()
    },
    async complete() {
      const { accounts, groups } = await usage()
      expect(accounts).toBeGreaterThanOrEqual(dids.size)
      expect(accounts).toBeLessThanOrEqual(ROWS)
      expect(groups).toBeLessThanOrEqual(GROUPS)
    },
    finish: end,
  }
}

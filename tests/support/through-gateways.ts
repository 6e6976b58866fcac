/** What platforms and members do through two gateways at once, as if there were one. */
import { expect } from 'vitest'
import { auditedRevs, createTestGroup, groupClient, ok } from '#tests/support/group-client.ts'
import { asOperator, usageOf } from '#tests/support/interrupted.ts'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import { thing } from '#tests/support/records.ts'
import { sendRows } from '#tests/support/row-files.ts'
import { createTestAccount } from '#tests/support/server.ts'
import type { WebhookReceiver } from '#tests/support/webhook-receiver.ts'

type Gateway = { url: string }
type Gateways = readonly [Gateway, Gateway]

const WAIT = { timeout: 60_000 }

export async function addEndpoint(gateway: Gateway, receiver: WebhookReceiver): Promise<void> {
  const types = ['account.created', 'record.created']
  const input = { url: receiver.url, types, collections: [thing] }
  const { body } = await asOperator(gateway, 'webhook.createEndpoint', input)
  receiver.secret = body['secret'] as string
}

async function createTenant(gateways: Gateways, id: string, accounts: number): Promise<void> {
  const quotas = { accounts, groups: 0, accountsPerHour: accounts }
  const input = { id, name: id, quotas }
  expect(await asOperator(gateways[0], 'admin.createTenant', input)).toMatchObject({ status: 200 })
}

const accountsOf = (gateways: Gateways, tenant: string) =>
  Promise.all(gateways.map(async (gateway) => (await usageOf(gateway, tenant)).accounts))

/** Each account is asked for through both gateways at once, and more of them than the quota; returns their DIDs. */
export async function expectExactQuota(gateways: Gateways): Promise<string[]> {
  const quota = 6
  await createTenant(gateways, 'single', quota)
  const asked = Array.from({ length: quota + 4 }, (_, i) => `account ${i}`)
  const answers = await Promise.all(
    asked.flatMap((externalId) =>
      gateways.map(async (gateway) => {
        const made = await asOperator(gateway, 'tenant.createAccount', { externalId }, 'single')
        return { externalId, ...made }
      }),
    ),
  )
  const dids = new Map<string, Set<string>>()
  for (const { externalId, status, body } of answers) {
    if (status !== 200) expect([status, body['error']]).toEqual([413, 'QuotaExceeded'])
    else dids.set(externalId, (dids.get(externalId) ?? new Set()).add(String(body['did'])))
  }
  expect(dids.size).toBe(quota)
  for (const [externalId, each] of dids) expect(each.size, externalId).toBe(1)
  expect(await accountsOf(gateways, 'single')).toEqual([quota, quota])
  return [...dids.values()].flatMap((each) => [...each])
}

/** The same file through both gateways at once; returns the DIDs of its accounts. */
export async function expectOneOutcomeOfAFile(gateways: Gateways): Promise<string[]> {
  const rows = 6
  await createTenant(gateways, 'files', rows)
  const lines = Array.from({ length: rows }, (_, i) => `{"externalId":"row ${i}"}`)
  const headers = { authorization: adminAuthorization, tenant: 'files' }
  const sent = gateways.map(({ url }) => sendRows({ url, headers }, 'createAccounts', lines))
  const [first, second] = (await Promise.all(sent)).map(({ results }) =>
    results.toSorted((a, b) => a.n - b.n).map(({ did }) => String(did)),
  )
  expect(first).toHaveLength(rows)
  expect(second).toEqual(first)
  expect(new Set(first).size).toBe(rows)
  expect(await accountsOf(gateways, 'files')).toEqual([rows, rows])
  return first!
}

/** A member that joined through one gateway writes through both in turn; returns the records' URIs in their order. */
export async function expectMemberWrites(gateways: Gateways): Promise<string[]> {
  const [first, second] = gateways
  const olga = await createTestAccount(first, 'olga')
  const eddie = await createTestAccount(second, 'eddie')
  const { did: account } = await createTestGroup(first, olga, 'cooks')
  const invite = { account, role: 'editor', uses: 1 }
  const { token } = ok(await groupClient(first).ask(olga, 'createInvite', invite))
  ok(await groupClient(second).ask(eddie, 'acceptInvite', { account, token }))
  const uris: string[] = []
  const revs: string[] = []
  for (let n = 0; n < 6; n++) {
    const { actAs } = groupClient(gateways[n % 2]!)
    const input = { repo: account, collection: thing, record: { $type: thing, n } }
    const written = ok(await actAs(eddie, account, 'com.atproto.repo.createRecord', { input }))
    uris.push(String(written['uri']))
    revs.push((written['commit'] as { rev: string }).rev)
  }
  expect(await auditedRevs(second, olga, account)).toEqual(revs.toReversed())
  ok(await groupClient(second).ask(olga, 'removeMember', { account, did: eddie.did }))
  const nsid = 'com.atproto.repo.createRecord'
  const input = { repo: account, collection: thing, record: { $type: thing } }
  const refused = await groupClient(first).actAs(eddie, account, nsid, { input })
  expect(refused).toMatchObject({ status: 403, body: { error: 'NotAMember' } })
  return uris
}

/** Each message once, and the records in their order. */
export async function expectDelivered(
  { received }: WebhookReceiver,
  { accounts, records }: { accounts: string[]; records: string[] },
): Promise<void> {
  const created = () =>
    received.flatMap(({ type, data }) =>
      type === 'account.created' && accounts.includes(data.did!) ? [data.did] : [],
    )
  await expect.poll(() => created().toSorted(), WAIT).toEqual(accounts.toSorted())
  const uris = () =>
    received.flatMap(({ type, data }) => (type === 'record.created' ? [data.uri] : []))
  await expect.poll(() => uris().filter((uri) => records.includes(uri!)), WAIT).toEqual(records)
  const ids = received.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)])
}

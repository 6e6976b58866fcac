/** Tenants: made by the operator, with a domain of their own, keys, admins, and accounts that follow their suspension. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import { afterAll, describe, expect, it } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { startNameServer } from '#tests/support/name-server.ts'
import { adminPassword, type TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'

const names = await startNameServer()
afterAll(() => names.close())
const { server, ruth, kitchen, garden } = await serverWithAccounts(
  ['ruth', 'kitchen', 'garden'] as const,
  { env: { PDS_HANDLE_BACKUP_NAMESERVERS: names.address } },
)
const serverDid = (await ruth.agent.com.atproto.server.describeServer()).data.did

async function run<T>(...args: string[]): Promise<T> {
  const env = { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword }
  const outcome = await headwater(['tenant', ...args, '--json'], env)
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<T>()
}

const nsid = (name: string) => `dev.headwater.tenant.${name}`

async function request(
  name: string,
  headers: Record<string, string>,
  { params, input }: { params?: Record<string, string>; input?: object } = {},
) {
  const url = `${server.url}/xrpc/${nsid(name)}?${new URLSearchParams(params)}`
  const json = { 'content-type': 'application/json' }
  const body = input && { method: 'POST', body: JSON.stringify(input) }
  const response = await fetch(url, { ...body, headers: { ...headers, ...(input && json) } })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as never }
}

async function asAdmin(who: TestAccount, name: string): Promise<Record<string, string>> {
  const { data } = await who.agent.com.atproto.server.getServiceAuth({
    ...{ aud: serverDid, lxm: nsid(name) },
  })
  return { authorization: `Bearer ${data.token}` }
}

/** Undefined for an active account. */
async function statusOf({ did }: TestAccount): Promise<string | undefined> {
  const { data } = await garden.agent.com.atproto.sync.getRepoStatus({ did })
  return data.status
}

await run('create', 'roomy', '--name', 'Roomy', '--quota-accounts', '2')
await run('history', 'roomy', '45')
await run('move', kitchen.did, 'roomy', '--external-id', 'room 1')
const { key } = await run<{ key: string }>(
  ...['key', 'create', 'roomy', '--name', 'test'],
  ...['--scopes', 'accounts:read,accounts:write,domains,export'],
)
const withKey = { authorization: `Bearer ${key}` }

describe('the history of accounts', () => {
  it('has the days that the tenant has set, also if the account was moved to it', async () => {
    const daysOf = async ({ agent, did }: TestAccount) => {
      const path = `/xrpc/dev.headwater.history.getSettings?account=${did}`
      return ((await (await agent.fetchHandler(path, {})).json()) as { days: number }).days
    }
    expect(await daysOf(kitchen)).toBe(45)
    expect(await daysOf(garden)).toBe(7)
  })
})

describe('a tenant', () => {
  it('sees its accounts with an API key, and not those of others', async () => {
    const found = await request('getAccount', withKey, { params: { externalId: 'room 1' } })
    expect(found).toMatchObject({ status: 200, body: { did: kitchen.did, kind: 'person' } })
    const other = await request('getAccount', withKey, { params: { did: garden.did } })
    expect(other).toMatchObject({ status: 400, body: { error: 'AccountNotFound' } })
    const keys = await request('listKeys', withKey)
    expect(keys).toMatchObject({ status: 403, body: { error: 'ScopeMissingError' } })
  })

  it('is managed by its admins with service tokens', async () => {
    const before = await request('getTenant', await asAdmin(ruth, 'getTenant'))
    expect(before).toMatchObject({ status: 403, body: { error: 'NotATenant' } })
    await run('admin', 'add', 'roomy', ruth.did, '--role', 'owner')
    const shown = await request('getTenant', await asAdmin(ruth, 'getTenant'))
    expect(shown).toMatchObject({ status: 200, body: { id: 'roomy', usage: { accounts: 1 } } })
    const log = await request('getAudit', await asAdmin(ruth, 'getAudit'))
    const entries = (log.body as { entries: { action: string; actor: string }[] }).entries
    expect(entries.map(({ action }) => action)).toEqual([
      ...['putAdmin', 'getAccount', 'createKey', 'moveAccount', 'putHistory', 'createTenant'],
    ])
  })

  it('proves a domain, under which its accounts alone have handles', async () => {
    type Claim = { record: { name: string; value: string } }
    const { record } = await run<Claim>('domain', 'add', 'roomy', 'roomy.space')
    const verify = () => request('verifyDomain', withKey, { input: { domain: 'roomy.space' } })
    expect(await verify()).toMatchObject({ status: 400, body: { error: 'DomainNotVerified' } })
    names.records[record.name] = record.value
    expect(await verify()).toMatchObject({ status: 200, body: { verifiedAt: expect.any(String) } })
    const handle = `the-kitchen-of-a-very-long-name.roomy.space`
    await kitchen.agent.com.atproto.identity.updateHandle({ handle })
    const resolved = await garden.agent.com.atproto.identity.resolveHandle({ handle })
    expect(resolved.data.did).toBe(kitchen.did)
    const atHost = await fetch(`${server.url}/.well-known/atproto-did`, {
      headers: { 'x-forwarded-host': handle },
    })
    expect(await atHost.text()).toBe(kitchen.did)
    const taken = garden.agent.com.atproto.identity.updateHandle({ handle: 'garden.roomy.space' })
    await expect(taken).rejects.toMatchObject({ error: 'UnsupportedDomain' })
    const check = (name: string) => fetch(`${server.url}/tls-check?domain=${name}`)
    expect((await check(handle)).status).toBe(200)
    expect((await check('garden.roomy.space')).status).toBe(404)
  })

  it('suspends, restores and exports an account', async () => {
    const input = { did: kitchen.did }
    const suspended = await request('suspendAccount', withKey, { input })
    expect(suspended).toMatchObject({ body: { status: 'suspended', suspendedBy: 'tenant' } })
    expect(await statusOf(kitchen)).toBe('suspended')
    const url = `${server.url}/xrpc/${nsid('exportAccount')}?did=${kitchen.did}`
    const car = await fetch(url, { headers: withKey })
    const { root, blocks } = await readCarWithRoot(new Uint8Array(await car.arrayBuffer()))
    await verifyRepo(blocks, root, kitchen.did)
    const restored = await request('restoreAccount', withKey, { input })
    expect(restored).toMatchObject({ status: 200, body: { status: 'active' } })
    expect(await statusOf(kitchen)).toBeUndefined()
  })

  it('is suspended with its accounts, and restored with them', async () => {
    await run('suspend', 'roomy', '--reason', 'spam')
    await expect.poll(() => statusOf(kitchen), { timeout: 20_000 }).toBe('suspended')
    expect(await statusOf(garden)).toBeUndefined()
    await expect
      .poll(async () => (await request('getTenant', withKey)).body, { timeout: 20_000 })
      .toMatchObject({ error: 'TenantSuspended' })
    await run('restore', 'roomy')
    await expect.poll(() => statusOf(kitchen), { timeout: 20_000 }).toBeUndefined()
  })

  it('is deleted, and its accounts are kept, or deleted with it', async () => {
    const env = { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword }
    const offboard = (...args: string[]) => headwater(['tenant', 'offboard', ...args, '--yes'], env)
    expect(await offboard('roomy', '--keep-accounts')).toMatchObject({ code: 0 })
    expect((await request('getTenant', withKey)).status).toBe(401)
    const record = { $type: 'com.example.thing' }
    const written = await kitchen.agent.com.atproto.repo.createRecord({
      ...{ repo: kitchen.did, collection: 'com.example.thing', record },
    })
    expect(written.success).toBe(true)
    await run('create', 'second')
    await run('move', kitchen.did, 'second')
    const folder = tempFolder('offboard')
    expect(await offboard('second', '--export', folder)).toMatchObject({ code: 0 })
    const [file = ''] = readdirSync(folder)
    const { root, blocks } = await readCarWithRoot(readFileSync(join(folder, file)))
    await verifyRepo(blocks, root, kitchen.did)
    await expect(statusOf(kitchen)).rejects.toMatchObject({ error: 'RepoNotFound' })
    expect(await statusOf(garden)).toBeUndefined()
  })
})

/** What a tenant does to its own accounts. */
import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { get, outcome, post } from '#tests/support/gateway.ts'
import { openTwoTenants, thingsOf } from '#tests/support/two-tenants.ts'

const things = thingsOf('roomy')
const { did, handle, externalId } = things
const nsid = (name: string) => `dev.headwater.tenant.${name}`

async function open() {
  const opened = await openTwoTenants()
  const { gateway, tokenFor, directory, tenants } = opened
  const by = (name: string) => ({ authorization: tokenFor(things.ownDid, nsid(name)) })
  const ask = (name: string, params: Record<string, string>) =>
    get(gateway, `${nsid(name)}?${new URLSearchParams(params)}`, by(name))
  const call = (name: string, input: object) => post(gateway, nsid(name), input, by(name))
  const stored = () => findTenantAccount(directory, { tenant: 'roomy', did })
  const audit = () =>
    tenants.get('roomy')!.sql.all('SELECT actor, action, target FROM audit ORDER BY id DESC')
  const operatorSuspends = () =>
    setState(directory, { did, status: 'suspended', deleteAfter: null })
  return { ...opened, ask, call, stored, audit, operatorSuspends }
}

describe('accounts of a tenant', () => {
  it.each([{ did }, { handle }, { externalId }])('are found by %o', async (name) => {
    const { ask } = await open()
    const response = await ask('getAccount', name)
    expect(await response.json()).toMatchObject({ did, handle, externalId, kind: 'person' })
  })

  it.each([{}, { did, handle }])('are not looked for by %o', async (name) => {
    const { ask } = await open()
    expect(await outcome(ask('getAccount', name as never))).toMatchObject({ status: 400 })
  })

  it('are listed, and counted by status', async () => {
    const { ask } = await open()
    const listed = (await (await ask('listAccounts', {})).json()) as { accounts: object[] }
    expect(listed.accounts).toMatchObject([{ did, handle, email: things.email }])
    const none = (await (await ask('listAccounts', { status: 'suspended' })).json()) as object
    expect(none).toEqual({ accounts: [] })
    expect(await (await ask('getUsage', {})).json()).toMatchObject({
      ...{ usage: { accounts: 1, groups: 0 }, accountsByStatus: { active: 1 } },
    })
  })

  it('a suspension by the tenant is noted, made, and ended by the tenant', async () => {
    const { call, accountCalls, stored, audit } = await open()
    expect((await call('suspendAccount', { did, reason: 'spam' })).status).toBe(200)
    expect(await stored()).toMatchObject({ suspendedBy: 'tenant' })
    expect(accountCalls).toContain(`lifecycle.changeState of ${did}`)
    expect((await call('restoreAccount', { did })).status).toBe(200)
    expect(await stored()).toMatchObject({ suspendedBy: null })
    expect(await audit()).toMatchObject([
      { actor: things.ownDid, action: 'restoreAccount', target: did },
      { actor: things.ownDid, action: 'suspendAccount', target: did },
      { action: 'createKey' },
    ])
  })

  it('a suspension by the operator is not ended by the tenant', async () => {
    const { call, accountCalls, operatorSuspends } = await open()
    await operatorSuspends()
    const refused = { status: 403, error: 'Forbidden' }
    expect(await outcome(call('restoreAccount', { did }))).toMatchObject(refused)
    expect(accountCalls).toEqual([])
  })

  it('an external id is changed', async () => {
    const { call, stored } = await open()
    expect((await call('updateAccount', { did, externalId: 'room 7' })).status).toBe(200)
    expect(await stored()).toMatchObject({ externalId: 'room 7' })
  })

  it('an account that its user had before the tenant is not taken over', async () => {
    const { call, accountCalls, directory } = await open()
    const setCustodial = (value: number) =>
      directory.sql.batch([{ sql: 'UPDATE account SET is_custodial = ?', params: [value] }])
    await setCustodial(1)
    expect((await call('updateAccount', { did, email: 'a@roomy.example' })).status).toBe(200)
    expect(accountCalls.splice(0)).toEqual([`email.set of ${did}`])
    await setCustodial(0)
    const refused = { status: 403, error: 'AlreadyClaimed' }
    const change = call('updateAccount', { did, email: 'a@roomy.example' })
    expect(await outcome(change)).toMatchObject(refused)
    expect(await outcome(call('createClaim', { account: did }))).toMatchObject(refused)
    expect(accountCalls).toEqual([])
  })

  it('an account is deleted', async () => {
    const { call, deleted } = await open()
    expect((await call('deleteAccount', { did })).status).toBe(200)
    expect(deleted).toEqual([did])
  })
})

describe('what a tenant sets for itself', () => {
  it('a new API key is shown once, and has no more than what it was made for', async () => {
    const { call, ask, gateway } = await open()
    const made = await call('createKey', { name: 'reader', scopes: ['accounts:read'] })
    const { key, prefix } = (await made.json()) as { key: string; prefix: string }
    expect(key.startsWith(prefix)).toBe(true)
    expect(await (await ask('listKeys', {})).text()).not.toContain(key)
    const headers = { authorization: `Bearer ${key}` }
    const read = () => get(gateway, nsid('listAccounts'), headers)
    expect((await read()).status).toBe(200)
    const missing = { status: 403, error: 'ScopeMissingError' }
    expect(await outcome(post(gateway, nsid('suspendAccount'), { did }, headers))).toMatchObject(
      missing,
    )
    const more = { name: 'more', scopes: ['export'] }
    expect(await outcome(post(gateway, nsid('createKey'), more, headers))).toMatchObject(missing)
    await call('deleteKey', { prefix })
    expect(await outcome(read())).toMatchObject({ status: 401, error: 'InvalidApiKey' })
  })

  it.each([
    ['a scope that there is not', { scopes: ['manage'] }],
    ['a time that is none', { scopes: ['export'], expiresAt: 'tomorrow' }],
    ['an address that is none', { scopes: ['export'], addresses: ['example.com'] }],
  ])('an API key with %s is refused', async (_, input) => {
    const { call } = await open()
    expect(await outcome(call('createKey', { name: 'x', ...input }))).toMatchObject({ status: 400 })
  })

  it('a domain is claimed with the record that proves it, and not verified without', async () => {
    const { call, ask } = await open()
    const put = await call('putDomain', { domain: 'Rooms.Example.com', labelMin: 2 })
    expect(await put.json()).toMatchObject({
      ...{ domain: 'rooms.example.com', labelMin: 2, labelMax: 63 },
      record: { name: '_headwater-challenge.rooms.example.com', type: 'TXT' },
    })
    const verified = outcome(call('verifyDomain', { domain: 'rooms.example.com' }))
    expect(await verified).toMatchObject({ status: 400, error: 'DomainNotVerified' })
    const { domains } = (await (await ask('getTenant', {})).json()) as { domains: string[] }
    expect(domains).toEqual(['roomy.space'])
  })
})

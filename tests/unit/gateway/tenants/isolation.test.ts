/** A tenant sees and touches what is its own: each of its methods, given what is another's. */
import { expect, it } from 'vitest'
import { methods } from '#src/gateway/methods/table.ts'
import { dumpSql } from '#tests/support/dump-sql.ts'
import { get, post } from '#tests/support/gateway.ts'
import { openTwoTenants, thingsOf } from '#tests/support/two-tenants.ts'

const theirs = thingsOf('second')
const { did, handle, externalId, domain, admin } = theirs
const prefix = 'hw_second_abcdef'

/** What each method is given; several times if there are several ways to name an account. */
const inputs: Record<string, object[]> = {
  getTenant: [{}],
  getUsage: [{}],
  getAudit: [{}, { target: did }, { actor: 'operator' }],
  putBranding: [{ name: 'Roomy' }],
  putHistory: [{ days: 3 }],
  listAccounts: [{}, { cursor: '0::did:plc:a' }],
  getAccount: [{ did }, { handle }, { externalId }],
  updateAccount: [
    { did, handle: 'new.roomy.space' },
    { did, email: 'a@roomy.example' },
  ],
  suspendAccount: [{ did }],
  restoreAccount: [{ did }],
  deleteAccount: [{ did }],
  exportAccount: [{ did }],
  listDomains: [{}],
  putDomain: [{ domain }, { domain: `a.${domain}` }],
  verifyDomain: [{ domain }],
  deleteDomain: [{ domain }],
  listKeys: [{}],
  createKey: [{ name: 'more', scopes: ['export'] }],
  deleteKey: [{ prefix }],
  createInvites: [{ count: 2 }],
  listInvites: [{}, { cursor: 'a' }],
  disableInvites: [{ codes: [theirs.inviteCode] }],
  listAdmins: [{}],
  putAdmin: [{ did: theirs.ownDid, role: 'viewer' }],
  deleteAdmin: [{ did: admin }],
  createAccount: [{ externalId, handle }],
  // Their bodies are files, and these are none; tests/e2e/provisioning.test.ts sends some.
  createAccounts: [{ externalId }],
  adoptAccounts: [{ did }],
  createJob: [{ externalId }],
  getJob: [{ id: 'job of second' }],
  getJobResults: [{ id: 'job of second' }],
  cancelJob: [{ id: 'job of second' }],
  createClaim: [{ account: did }, { account: handle }],
  listCases: [{}, { did }],
  getCase: [{ id: theirs.caseId }],
  updateCase: [
    { id: theirs.caseId, note: 'x' },
    { id: theirs.caseId, state: 'escalated' },
  ],
}

/** These are given the DID of an account, and know it not. */
const ofAccounts = /^((get|update|suspend|restore|delete|export)Account|createClaim)$/

const own = [...methods.values()].filter(({ nsid }) => nsid.startsWith('dev.headwater.tenant.'))
const cases = own.flatMap(({ nsid, verb }) => {
  const name = nsid.split('.').at(-1) ?? ''
  return (inputs[name] ?? []).map((input) => ({ nsid, name, verb, input }))
})

it('every method of tenants is in the table', () => {
  const names = own.map(({ nsid }) => nsid.split('.').at(-1)).sort()
  expect(Object.keys(inputs).sort()).toEqual(names)
})

async function open() {
  const opened = await openTwoTenants()
  const { directory, tenants, gateway } = opened
  const rowsOfSecond = async () => [
    await directory.sql.all("SELECT * FROM tenant WHERE id = 'second'"),
    await directory.sql.all("SELECT * FROM tenant_admin WHERE tenant = 'second'"),
    await directory.sql.all("SELECT * FROM tenant_domain WHERE tenant = 'second'"),
    await directory.sql.all("SELECT * FROM account WHERE tenant = 'second'"),
    await directory.sql.all("SELECT * FROM invite_code WHERE for_account = 'tenant:second'"),
    await dumpSql(tenants.get('second')!.sql),
  ]
  const ask = (
    { nsid, verb, input }: (typeof cases)[number],
    headers: Record<string, string>,
  ): Promise<Response> =>
    verb === 'POST'
      ? post(gateway, nsid, input, headers)
      : get(gateway, `${nsid}?${new URLSearchParams(input as Record<string, string>)}`, headers)
  return { ...opened, rowsOfSecond, ask }
}

const credentials = ['service token', 'API key'] as const

it.each(credentials.flatMap((credential) => cases.map((one) => ({ ...one, credential }))))(
  '$name with $input of another tenant changes and shows nothing of it, by $credential',
  async (one) => {
    const { ask, rowsOfSecond, accountCalls, deleted, keys, tokenFor } = await open()
    const before = await rowsOfSecond()
    const token = tokenFor(thingsOf('roomy').ownDid, one.nsid)
    const isToken = one.credential === 'service token'
    const response = await ask(one, {
      authorization: isToken ? token : `Bearer ${keys.get('roomy')}`,
    })
    const text = await response.text()
    expect(await rowsOfSecond()).toEqual(before)
    expect(accountCalls).toEqual([])
    expect(deleted).toEqual([])
    for (const secret of [
      handle,
      externalId,
      theirs.email,
      'challenge of second',
      prefix,
      theirs.inviteCode,
    ]) {
      expect(text).not.toContain(secret)
    }
    if (!ofAccounts.test(one.name)) return
    expect(response.status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ error: 'AccountNotFound' })
  },
)

it.each(cases)('$name is refused to a tenant that names another one', async (one) => {
  const { ask, rowsOfSecond, tokenFor } = await open()
  const before = await rowsOfSecond()
  const token = tokenFor(thingsOf('roomy').ownDid, one.nsid)
  const response = await ask(one, { authorization: token, tenant: 'second' })
  expect(response.status).toBe(403)
  expect(await rowsOfSecond()).toEqual(before)
})

it.each(own)('$nsid is refused without credentials', async (method) => {
  const { ask } = await open()
  const name = method.nsid.split('.').at(-1) ?? ''
  const one = { ...method, name, input: inputs[name]?.[0] ?? {} }
  expect((await ask(one, {})).status).toBe(401)
})

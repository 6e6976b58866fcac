/** A gateway with two tenants, `roomy` and `second`, on real directories and tenants; accounts only note their calls. */
import * as directory from '#src/directory/directory.ts'
import { newApiKey } from '#src/gateway/tenants/api-key.ts'
import { openTenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { tenantScopes } from '#src/rules/tenants.ts'
import { createKey, deleteKey, listKeys, useKey } from '#src/tenants/api-keys.ts'
import { addAudit, addReadAudit, listAudit } from '#src/tenants/audit.ts'
import { adminPassword, now, openGateway } from '#tests/support/gateway.ts'
import { create } from '#tests/support/tenant-directory.ts'
import { testDirectory } from '#tests/support/test-directory.ts'
import { type TestTenant, testTenant } from '#tests/support/test-tenant.ts'

const serviceDid = 'did:web:localhost'
const { key: signer } = newSigningKey()

/** Of a tenant: everything has its id in it. */
export const thingsOf = (id: string) => ({
  tenant: id,
  ownDid: `did:web:${id}.example`,
  admin: `did:web:admin.${id}.example`,
  domain: `${id}.space`,
  did: `did:plc:${id}account`,
  handle: `${id}account.test`,
  externalId: `account of ${id}`,
  email: `user@${id}.example`,
  inviteCode: `invite-of-${id}`,
  /** Of the moderation case about the account. */
  caseId: id === 'roomy' ? 1 : 2,
})

type Features = Record<string, (subject: never, ...args: never[]) => unknown>

const bind = (subject: unknown, features: Features) =>
  Object.fromEntries(
    Object.entries(features).map(([name, run]) => [
      name,
      async (...args: never[]) => run(subject as never, ...args),
    ]),
  )

export async function openTwoTenants() {
  const of = testDirectory()
  const tenants = new Map<string, TestTenant>()
  const keys = new Map<string, string>()
  for (const id of ['roomy', 'second']) {
    const things = thingsOf(id)
    const { domain, did, email, externalId } = things
    await directory.createTenant(of, { id, name: id, did: things.ownDid })
    await directory.putTenantAdmin(of, { tenant: id, did: things.admin, role: 'admin' })
    const challenge = `challenge of ${id}`
    await directory.putTenantDomain(of, {
      tenant: id,
      domain,
      challenge,
      labelMin: 1,
      labelMax: 63,
    })
    await directory.setDomainVerified(of, { tenant: id, domain, challenge })
    await create(of, did.slice('did:plc:'.length), { email, tenant: id })
    await directory.setExternalId(of, { did, tenant: id, externalId })
    const codes = [things.inviteCode]
    await directory.createTenantInvites(of, { tenant: id, codes, uses: 1, by: 'operator' })
    await directory.addReport(of, {
      ...{ id: `report of ${id}`, subject: { did }, reasonType: 'spam', text: `about ${id}` },
      ...{ by: 'did:plc:reporter', isLimited: true },
    })
    const tenant = testTenant({ id })
    tenants.set(id, tenant)
    const { key, prefix, hash } = newApiKey(id)
    const scopes = [...tenantScopes]
    const stored = { prefix, hash, name: id, scopes, addresses: [], expiresAt: null }
    await createKey(tenant, { key: stored, audit: { actor: 'operator', action: 'createKey' } })
    keys.set(id, key)
  }
  const accountCalls: string[] = []
  /** Whose webhooks were asked for their endpoints. */
  const webhookOwners: string[] = []
  const gateway = openGateway()
  const account = (did: string) => {
    const note = (name: string) => async () => {
      accountCalls.push(`${name} of ${did}`)
      return { status: 'active', suspendedAt: null, id: 'export', bytes: new Uint8Array() }
    }
    const group = (name: string) =>
      new Proxy({}, { get: (_, action) => note(`${name}.${String(action)}`) })
    return new Proxy({}, { get: (_, name) => group(String(name)) })
  }
  const dispatch = {
    ...gateway.server.dispatch,
    account,
    directory: {
      settings: bind(of, { getHandleRules: directory.getHandleRules }),
      tenants: bind(of, {
        get: directory.getTenant,
        of: directory.listTenantsOf,
        create: directory.createTenant,
        update: directory.updateTenant,
        setStatus: directory.setTenantStatus,
        listAdmins: directory.listTenantAdmins,
        putAdmin: directory.putTenantAdmin,
        deleteAdmin: directory.deleteTenantAdmin,
        listDomains: directory.listTenantDomains,
        putDomain: directory.putTenantDomain,
        setDomainVerified: directory.setDomainVerified,
        deleteDomain: directory.deleteTenantDomain,
        createInvites: directory.createTenantInvites,
        listInvites: directory.listTenantInvites,
        disableInvites: directory.disableTenantInvites,
      }),
      moderationCases: bind(of, {
        list: directory.listCases,
        get: directory.getCase,
        listEntries: directory.listCaseEntries,
        update: directory.updateCase,
      }),
      relays: bind(of, { findStatuses: directory.findRelayStatuses }),
      archives: bind(of, { states: directory.archiveStates }),
      tenantAccounts: bind(of, {
        find: directory.findTenantAccount,
        list: directory.listTenantAccounts,
        count: directory.countTenantAccounts,
        tenantsOf: directory.tenantsOfAccounts,
        isCustodial: directory.isCustodial,
        setExternalId: directory.setExternalId,
        beginSuspension: directory.beginSuspension,
        endSuspension: directory.endSuspension,
      }),
    },
    webhooks: (owner: string) => ({
      endpoints: {
        async list() {
          webhookOwners.push(owner)
          return []
        },
        ...{ create: async () => ({}), update: async () => ({}), remove: async () => undefined },
        rotate: async () => ({}),
      },
      deliveries: {
        ...{ redeliver: async () => undefined, replay: async () => ({ count: 0 }) },
      },
    }),
    tenant: (id: string) => {
      const tenant = tenants.get(id) ?? testTenant({ id })
      tenants.set(id, tenant)
      return {
        keys: bind(tenant, { create: createKey, delete: deleteKey, list: listKeys, use: useKey }),
        audit: bind(tenant, { add: addAudit, addRead: addReadAudit, list: listAudit }),
      }
    },
  } as never
  const clock = { now: () => now }
  const multikey = signer.did().slice('did:key:'.length)
  const verificationMethod = [{ id: '#atproto', type: 'Multikey', publicKeyMultibase: multikey }]
  const resolve = async (id: string) => ({
    id,
    verificationMethod: verificationMethod.map((method) => ({ ...method, controller: id })),
  })
  const authenticate = authenticator({
    ...{ serviceDid, adminPassword, clock, jwtSecret: new TextEncoder().encode('secret') },
    resolver: { resolve, refresh: resolve },
    tenants: openTenantCredentials({ dispatch, clock }),
  })
  const deleted: string[] = []
  const server = {
    ...gateway.server,
    dispatch,
    identity: { ...gateway.server.identity, dispatch, resolveTxt: async () => null },
    deleteAccount: async (did: string) => void deleted.push(did),
  }
  const opened = openGateway({}, { authenticate, server })
  const tokenFor = (iss: string, lxm: string) => {
    const iat = Math.floor(now / 1000)
    const claims = { iss, aud: serviceDid, lxm, iat, exp: iat + 60, jti: 'one' }
    return `Bearer ${createServiceToken(claims, signer)}`
  }
  return {
    gateway: opened,
    directory: of,
    tenants,
    keys,
    accountCalls,
    webhookOwners,
    deleted,
    tokenFor,
  }
}

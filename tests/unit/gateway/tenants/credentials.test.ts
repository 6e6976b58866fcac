/** Who may call the methods of tenants, as the gateway sees it. */
import { describe, expect, it } from 'vitest'
import { deleteTenantAdmin, listTenantsOf, putTenantAdmin } from '#src/directory/tenant-admins.ts'
import { createTenant, getTenant, setTenantStatus } from '#src/directory/tenants.ts'
import { newApiKey } from '#src/gateway/tenants/api-key.ts'
import { mustHaveAuthority } from '#src/gateway/tenants/authority.ts'
import { openTenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { LIMITED } from '#src/rules/session-tokens.ts'
import type { TenantRole, TenantScope } from '#src/rules/tenants.ts'
import { createKey, deleteKey, useKey } from '#src/tenants/api-keys.ts'
import { adminPassword, asAccount, asAdmin, now } from '#tests/support/gateway.ts'
import { testDirectory } from '#tests/support/test-directory.ts'
import { testTenant } from '#tests/support/test-tenant.ts'

const serviceDid = 'did:web:localhost'
const lxm = 'dev.headwater.tenant.getTenant'
const roomyDid = 'did:web:roomy.example'
const ruth = 'did:plc:ruthruthruthruthruthruth'
const { key: signer } = newSigningKey()

async function open() {
  const directory = testDirectory()
  await createTenant(directory, { id: 'roomy', name: 'Roomy', did: roomyDid })
  await createTenant(directory, { id: 'second', name: 'Second' })
  const roomy = testTenant()
  const clock = { time: now, now: () => clock.time }
  const asked: string[] = []
  const dispatch = {
    directory: {
      tenants: {
        get: (input: { id: string }) => getTenant(directory, input),
        of: (input: { did: string; named?: string }) => listTenantsOf(directory, input),
      },
    },
    tenant: (id: string) => {
      asked.push(id)
      return { keys: { use: (input: { hash: string }) => useKey(roomy, input) } }
    },
  }
  const verificationMethod = (did: string) => [
    {
      ...{ id: '#atproto', type: 'Multikey', controller: did },
      publicKeyMultibase: signer.did().slice('did:key:'.length),
    },
  ]
  const resolve = async (did: string) => ({ id: did, verificationMethod: verificationMethod(did) })
  const authenticate = authenticator({
    ...{ serviceDid, adminPassword, clock, jwtSecret: new TextEncoder().encode('secret') },
    resolver: { resolve, refresh: resolve },
    tenants: openTenantCredentials({ dispatch: dispatch as never, clock }),
  })
  const call = async (authorization: string | undefined, tenant?: string) => {
    const header = (name: string) => (name === 'tenant' ? tenant : undefined)
    const request = { method: 'GET', url: 'http://localhost/', header }
    const caller = await authenticate('tenant', authorization, lxm, request)
    const { tenant: calling } = caller as { tenant: { id: string; by: string } }
    return calling
  }
  const makeKey = async (scopes: TenantScope[] = ['accounts:read'], addresses: string[] = []) => {
    const { key, prefix, hash } = newApiKey('roomy')
    const audit = { actor: 'operator', action: 'createKey' }
    const stored = { prefix, hash, name: 'server', scopes, addresses, expiresAt: null }
    await createKey(roomy, { key: stored, audit })
    const revoke = () => deleteKey(roomy, { prefix, audit })
    return { authorization: `Bearer ${key}`, prefix, revoke }
  }
  const admin = (tenant: string, role: TenantRole) =>
    putTenantAdmin(directory, { tenant, did: ruth, role })
  return { directory, call, makeKey, admin, asked, clock }
}

function token(iss: string, claims: object = {}): string {
  const iat = Math.floor(now / 1000)
  const all = { iss, aud: serviceDid, lxm, iat, exp: iat + 60, jti: 'one', ...claims }
  return `Bearer ${createServiceToken(all, signer)}`
}

describe('the credentials of a tenant', () => {
  it('a service token of its own DID may do everything', async () => {
    const { call } = await open()
    expect(await call(token(roomyDid))).toMatchObject({
      ...{ id: 'roomy', by: roomyDid, authorities: expect.arrayContaining(['manage', 'export']) },
    })
  })

  it.each([
    ['for another method', { lxm: 'dev.headwater.tenant.createKey' }, 401],
    ['for another server', { aud: 'did:web:other.example' }, 401],
    ['that has expired', { exp: Math.floor(now / 1000) - 1 }, 401],
    ['that an app password has got', { amr: [LIMITED] }, 403],
    ['of a DID that is of no tenant', { iss: ruth }, 403],
  ])('a service token %s is refused', async (_, claims, status) => {
    const { call } = await open()
    await expect(call(token(roomyDid, claims))).rejects.toMatchObject({ status })
  })

  it('an admin acts as its role allows, and names one of several tenants', async () => {
    const { call, admin, directory } = await open()
    await admin('roomy', 'viewer')
    expect(await call(token(ruth))).toMatchObject({ id: 'roomy', authorities: ['accounts:read'] })
    await admin('second', 'owner')
    await expect(call(token(ruth))).rejects.toMatchObject({ status: 400 })
    expect(await call(token(ruth), 'second')).toMatchObject({ id: 'second', by: ruth })
    await expect(call(token(roomyDid), 'second')).rejects.toMatchObject({ error: 'NotATenant' })
    await deleteTenantAdmin(directory, { tenant: 'second', did: ruth })
    await expect(call(token(ruth), 'second')).rejects.toMatchObject({ status: 403 })
  })

  it('an API key is refused with the id of another tenant', async () => {
    const { call, makeKey } = await open()
    const { authorization, prefix } = await makeKey()
    await expect(call(authorization, 'second')).rejects.toMatchObject({
      ...{ status: 403, error: 'NotATenant' },
    })
    expect(await call(authorization, 'roomy')).toMatchObject({ id: 'roomy', by: prefix })
  })

  it('an API key has its scopes until it is deleted', async () => {
    const { call, makeKey } = await open()
    const { authorization, prefix, revoke } = await makeKey(['domains'])
    expect(await call(authorization)).toMatchObject({ by: prefix, authorities: ['domains'] })
    await revoke()
    await expect(call(authorization)).rejects.toMatchObject({
      ...{ status: 401, error: 'InvalidApiKey' },
    })
  })

  it('a key of an unknown tenant reaches no actor', async () => {
    const { call, asked } = await open()
    for (const id of ['third', 'Roomy', '../x', 'a'.repeat(200)]) {
      await expect(call(`Bearer hw_${id}_abcdef`)).rejects.toMatchObject({ status: 401 })
    }
    expect(asked).toEqual([])
  })

  it('the operator names the tenant', async () => {
    const { call } = await open()
    const { authorization } = asAdmin()
    expect(await call(authorization, 'roomy')).toMatchObject({ id: 'roomy', by: 'operator' })
    await expect(call(authorization)).rejects.toMatchObject({ status: 400 })
    const unknown = call(authorization, 'third')
    await expect(unknown).rejects.toMatchObject({ error: 'TenantNotFound' })
    await expect(call(asAdmin('wrong').authorization, 'roomy')).rejects.toMatchObject({
      status: 401,
    })
  })

  it('nothing and a session are refused', async () => {
    const { call } = await open()
    await expect(call(undefined)).rejects.toMatchObject({ status: 401 })
    await expect(call(asAccount().authorization)).rejects.toMatchObject({ status: 401 })
  })

  it('a suspended tenant is refused two seconds later at most, but not the operator for it', async () => {
    const { call, makeKey, directory, clock } = await open()
    const { authorization } = await makeKey()
    await call(authorization)
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    clock.time += 2_000
    const suspended = { status: 403, error: 'TenantSuspended' }
    await expect(call(authorization)).rejects.toMatchObject(suspended)
    await expect(call(token(roomyDid))).rejects.toMatchObject(suspended)
    const guess = call('Bearer hw_roomy_guess')
    await expect(guess).rejects.toMatchObject({ status: 401 })
    expect(await call(asAdmin().authorization, 'roomy')).toMatchObject({ status: 'suspended' })
  })
})

describe('what a credential allows', () => {
  const server = { addressOf: () => '192.0.2.7' }
  const incoming = { socket: {}, headers: {} } as never
  const check = (tenantScope: 'domains' | 'any' | undefined, tenant: object) => () =>
    mustHaveAuthority(
      { auth: 'tenant', ...(tenantScope && { tenantScope }) },
      ...([{ tenant }, server, incoming] as const),
    )

  it('a method needs its scope, and manage if it names none', () => {
    const key = { authorities: ['domains', 'accounts:read'] }
    expect(check('domains', key)).not.toThrow()
    expect(check('any', { authorities: [] })).not.toThrow()
    expect(check('domains', { authorities: ['accounts:read'] })).toThrow('the scope domains')
    expect(check(undefined, key)).toThrow('the scope manage')
  })

  it('a key with addresses is good from these only', () => {
    const from = (addresses: string[]) => check('any', { authorities: [], addresses })
    expect(from(['192.0.2.0/24', '2001:db8::1'])).not.toThrow()
    expect(from(['192.0.2.8'])).toThrow('may not be used from this address')
  })
})

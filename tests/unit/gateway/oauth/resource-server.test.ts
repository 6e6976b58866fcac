import { generateKeyPairSync } from 'node:crypto'
import { DpopNonce, OAuthVerifier } from '@atproto/oauth-provider/verifier'
import { calculateJwkThumbprint } from 'jose'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { AcceptedToken, Refusal } from '#src/account/oauth/check-access-token.ts'
import { unavailable } from '#src/errors.ts'
import { accessTokenKey, openResourceServer } from '#src/gateway/oauth/resource-server.ts'
import { type DpopClaims, dpopProof } from '#tests/support/oauth-client.ts'

const issuer = 'https://pds.example.com'
const serviceDid = 'did:web:pds.example.com'
const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const suspended = 'did:plc:suspended'
const tokenId = `tok-${'a'.repeat(32)}`
const path = '/xrpc/com.atproto.server.getSession'
const keys = {
  issuer,
  jwtSecret: new Uint8Array(32).fill(1),
  dpopSecret: new Uint8Array(32).fill(2),
}
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

type Verdict =
  | (Pick<AcceptedToken, 'scope' | 'expiresAt'> & Partial<AcceptedToken>)
  | { refusal: Refusal }

async function fixture() {
  const checkAccessToken = vi.fn(
    async (_: object): Promise<Verdict> => ({ scope: 'atproto repo:*', expiresAt: 0 }),
  )
  const accounts = new Map([[did, { oauth: { checkAccessToken } }]])
  const requests = await openResourceServer({
    ...keys,
    serviceDid,
    accounts: { findByToken: async (name: string) => accounts.get(name) } as never,
    clock: { now: () => Date.now() },
    mayAct: async (member) => member !== suspended,
  })
  const { signer } = new OAuthVerifier({ ...keys, keyset: [await accessTokenKey(keys)] })
  const jkt = await calculateJwkThumbprint(jwk as never)
  const now = Date.now() / 1000
  const claims = {
    jti: tokenId,
    sub: did,
    aud: serviceDid,
    iat: now,
    exp: now + 3600,
    cnf: { jkt },
  }
  const make = (more: object = {}) =>
    signer.createAccessToken({ ...claims, client_id: 'an app', ...more } as never)
  const token = await make()
  /** A request through a proxy that changed everything but the path. */
  const ask = (terms: DpopClaims & { as?: string } = {}) => {
    const { as = token, ...rest } = terms
    const wanted = {
      htu: `${issuer}${path}`,
      token: as,
      nonce: rest.nonce ?? requests.nextNonce(),
      ...rest,
    }
    const headers: Record<string, string> = {
      authorization: `DPoP ${as}`,
      dpop: dpopProof(jwk, { iat: Date.now() / 1000, ...wanted }),
    }
    const url = `http://127.0.0.1:3000${path}?a=b`
    return requests.authenticate({ method: 'GET', url, header: (name) => headers[name] })
  }
  return { checkAccessToken, accounts, ask, make }
}

it('an app is authenticated by its token and proof, behind any proxy', async () => {
  const { checkAccessToken, ask } = await fixture()
  for (let i = 0; i < 3; i++) {
    expect(await ask()).toMatchObject({ did, scope: 'oauth' })
  }
  const { permissions } = await ask()
  permissions.assertRepo({ action: 'create', collection: 'com.example.note' })
  expect(() => permissions.assertIdentity({ attr: '*' })).toThrow('Missing required scope')
  expect(checkAccessToken).toHaveBeenCalledTimes(4)
  expect(checkAccessToken.mock.calls[0]![0]).toMatchObject({
    id: tokenId,
    proof: expect.any(String),
  })
})

it('an app is known by its grant and its client, and by its token if the account is of an earlier release', async () => {
  const { checkAccessToken, ask } = await fixture()
  const verdict = { scope: 'atproto', expiresAt: 0 }
  checkAccessToken.mockResolvedValueOnce({ ...verdict, session: 'tok-1', clientId: 'an app' })
  expect(await ask()).toMatchObject({ sessionId: 'tok-1', clientId: 'an app' })
  checkAccessToken.mockResolvedValueOnce(verdict)
  const earlier = await ask()
  expect(earlier).toMatchObject({ sessionId: tokenId })
  expect(earlier).not.toHaveProperty('clientId')
})

it('nonces of another gateway are accepted, however long ago one was issued here', async () => {
  const { ask } = await fixture()
  await ask()
  for (const minutes of [1, 2, 3, 10]) {
    vi.setSystemTime(Date.now() + minutes * 60_000)
    expect(await ask({ nonce: new DpopNonce(keys.dpopSecret).next() })).toMatchObject({ did })
  }
  const old = new DpopNonce(keys.dpopSecret).next()
  vi.setSystemTime(Date.now() + 3 * 60_000)
  await expect(ask({ nonce: old })).rejects.toMatchObject({ error: 'use_dpop_nonce' })
})

it('a DPoP proof is accepted once, with a new key and with a cached one', async () => {
  const { ask } = await fixture()
  await ask({ jti: 'one' })
  await expect(ask({ jti: 'one' })).rejects.toMatchObject({ message: 'DPoP proof replayed' })
  await ask({ jti: 'two' })
  await expect(ask({ jti: 'two' })).rejects.toMatchObject({ status: 401 })
})

it('a DPoP proof with a long id is refused, with a new key and with a cached one', async () => {
  const { checkAccessToken, ask } = await fixture()
  const refused = { status: 401, error: 'invalid_dpop_proof', message: 'DPoP "jti" is too long' }
  await expect(ask({ jti: 'x'.repeat(257) })).rejects.toMatchObject(refused)
  await ask({ jti: 'x'.repeat(256) })
  await expect(ask({ jti: 'x'.repeat(257) })).rejects.toMatchObject(refused)
  expect(checkAccessToken).toHaveBeenCalledTimes(1)
})

it("the account's error for a token is returned to its caller", async () => {
  const { checkAccessToken, accounts, ask } = await fixture()
  const says = async (verdict: Verdict) => {
    checkAccessToken.mockResolvedValueOnce(verdict)
    return ask().catch((error) => [error.status, error.error])
  }
  expect(await says({ refusal: 'unknown' })).toEqual([401, 'invalid_token'])
  expect(await says({ refusal: 'expired' })).toEqual([401, 'invalid_token'])
  expect(await says({ refusal: 'replayed' })).toEqual([401, 'invalid_dpop_proof'])
  expect(await says({ scope: 'repo:*', expiresAt: 0 })).toEqual([400, 'InvalidToken'])
  // An unreachable account has not revoked anything.
  checkAccessToken.mockRejectedValueOnce(unavailable('not now'))
  await expect(ask()).rejects.toMatchObject({ status: 503 })
  accounts.clear()
  await expect(ask()).rejects.toMatchObject({ status: 403, error: 'AccountNotFound' })
})

it('a token for another server, or not bound to a key, is rejected', async () => {
  const { ask, make } = await fixture()
  const otherAudience = await make({ aud: 'did:web:elsewhere.example.com' })
  await expect(ask({ as: otherAudience })).rejects.toMatchObject({ error: 'invalid_token' })
  const unbound = await make({ cnf: undefined })
  await expect(ask({ as: unbound })).rejects.toMatchObject({ error: 'invalid_token' })
  const over = await make({ exp: Date.now() / 1000 - 1 })
  await expect(ask({ as: over })).rejects.toMatchObject({ error: 'invalid_token' })
  await expect(ask({ as: 'not.a.token' })).rejects.toMatchObject({ status: 401 })
})

it("a member's app may do what both its token and the role of the moment allow, as that member", async () => {
  const { checkAccessToken, ask } = await fixture()
  const verdict = { scope: 'atproto repo:com.example.a', expiresAt: 0, clientId: 'an app' }
  const role = (scope: string, member = 'did:plc:eddie') => ({
    ...verdict,
    member: { did: member, name: 'poster', revision: 7, scope },
  })
  const may = async () => {
    const { permissions } = await ask()
    const writes = (collection: string) => () =>
      permissions.assertRepo({ action: 'create', collection })
    return ['com.example.a', 'com.example.b'].map((collection) => {
      try {
        writes(collection)()
        return true
      } catch {
        return false
      }
    })
  }
  checkAccessToken.mockResolvedValueOnce(role('atproto repo:*'))
  expect(await may()).toEqual([true, false])
  checkAccessToken.mockResolvedValueOnce(role('atproto repo:com.example.b'))
  expect(await may()).toEqual([false, false])
  checkAccessToken.mockResolvedValueOnce(role('atproto'))
  const caller = await ask()
  expect(caller).toMatchObject({
    ...{ did, scopes: verdict.scope, clientId: 'an app' },
    actingMember: { did: 'did:plc:eddie', role: 'poster', revision: 7, client: 'an app' },
  })
  const { permissions } = caller
  expect(permissions.allowsAccount({ attr: 'email', action: 'read' })).toBe(false)
  for (const check of [
    () => permissions.assertAccount({ attr: 'status', action: 'manage' }),
    () => permissions.assertIdentity({ attr: 'handle' }),
    () => permissions.assertBlob({ mime: 'image/png' }),
    () => permissions.assertRpc({ lxm: 'com.example.get', aud: 'did:web:a.example#x' }),
  ])
    expect(check).toThrow('Missing required scope')
  checkAccessToken.mockResolvedValueOnce(role('atproto', suspended))
  await expect(ask()).rejects.toMatchObject({ status: 403, error: 'NotAMember' })
})

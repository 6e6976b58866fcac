import { generateKeyPairSync } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { calculateJwkThumbprint } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { issueTokens } from '#src/rules/session-tokens.ts'
import {
  type App,
  authorize,
  type DpopClaims,
  ProviderPageClient,
  signIn,
} from '#tests/support/oauth-client.ts'
import {
  clientAssertion,
  clientAssertionParams,
  confidentialClient,
  dpopPost,
  post,
  publicClient,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

const path = '/oauth/introspect'
const alice = { handle: 'alice.test', password }

let fixture: OAuthFixture
let app: App
beforeAll(async () => {
  fixture = await openOAuthFixture()
  app = await publicClient(fixture, 'asks.example.com')
}, 20_000)
afterAll(() => fixture?.close())
afterEach(() => {
  vi.useRealTimers()
})

const savedOf = (of: App) => {
  const { dpopJwk: jwk, tokenSet } = of.sessions.get(testDid)!
  const { access_token: access, refresh_token: refresh } = tokenSet
  return { jwk, access, refresh: refresh! }
}

async function signedIn(to = app) {
  const session = await signIn(to, { ...alice, browser: new ProviderPageClient(fixture.url) })
  return { session, ...savedOf(to) }
}

interface Question extends DpopClaims {
  jwk: object
  as?: string
  more?: Record<string, string>
}

/** Introspects a token as `as`, by default the app itself. */
async function introspect(token: string, { as = app.clientId, more, ...proven }: Question) {
  const { status, body } = await dpopPost(fixture, path, { token, client_id: as, ...more }, proven)
  return [status, body] as const
}

const inactive = [200, { active: false }]

describe('introspection of a client’s own token', () => {
  it("introspection returns the scope and subject of a client's own token", async () => {
    const before = Math.floor(Date.now() / 1000)
    const { jwk, access, refresh } = await signedIn()
    const [status, body] = await introspect(access, { jwk })
    const { iat, exp } = body as unknown as { iat: number; exp: number }
    const known = {
      active: true,
      scope: 'atproto transition:generic',
      client_id: app.clientId,
      sub: testDid,
      iss: fixture.url,
      iat,
      cnf: { jkt: await calculateJwkThumbprint(jwk as never) },
    }
    expect([status, body]).toEqual([
      200,
      { ...known, aud: 'did:web:localhost', token_type: 'DPoP', exp },
    ])
    expect(iat).toBeGreaterThanOrEqual(before)
    expect(exp - iat).toBe(3600)
    const weeks = 2 * 7 * 24 * 3600
    expect(await introspect(refresh, { jwk })).toEqual([
      200,
      { ...known, aud: fixture.url, exp: iat + weeks },
    ])
  })

  it('introspection shows at once that a token was refreshed, and the session continues', async () => {
    const { session, jwk, access, refresh } = await signedIn()
    await session.getTokenInfo(true)
    expect(await introspect(access, { jwk })).toEqual(inactive)
    expect(await introspect(refresh, { jwk })).toEqual(inactive)
    const next = savedOf(app)
    expect(await introspect(next.refresh, { jwk })).toMatchObject([200, { active: true }])
    await session.getTokenInfo(true)
  })

  it('introspection shows at once that a token was revoked', async () => {
    const { session, jwk, access, refresh } = await signedIn()
    await session.signOut()
    expect(await introspect(access, { jwk })).toEqual(inactive)
    expect(await introspect(refresh, { jwk })).toEqual(inactive)
  })

  it('introspection shows that a token has expired', async () => {
    const { jwk, access, refresh } = await signedIn()
    const at = (ms: number) =>
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms }) && { jwk }
    expect(await introspect(access, at(3_500_000))).toMatchObject([200, { active: true }])
    expect(await introspect(access, at(200_000))).toEqual(inactive)
    expect(await introspect(refresh, { jwk })).toMatchObject([200, { active: true }])
    expect(await introspect(refresh, at(14 * 24 * 3_600_000))).toEqual(inactive)
  })

  it('introspection of anything but a token is inactive', async () => {
    const { jwk, access } = await signedIn()
    const [header, claims, signature] = access.split('.') as [string, string, string]
    const payload = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const other = Buffer.from(JSON.stringify({ ...payload, sub: 'did:plc:other' }))
    const secret = new TextEncoder().encode('a secret of the tests')
    const terms = { secret, audience: 'did:web:localhost', now: Date.now() }
    const { accessJwt } = await issueTokens({ did: testDid, tokenId: 'one' }, terms)
    const code = (
      await authorize(app, { ...alice, browser: new ProviderPageClient(fixture.url) })
    ).get('code')!
    for (const token of [
      payload.jti,
      code,
      accessJwt,
      'x',
      'ref-',
      `ref-${'0'.repeat(64)}`,
      `${header}.${other.toString('base64url')}.${signature}`,
      `${header}.${claims}.`,
    ]) {
      expect(await introspect(token, { jwk })).toEqual(inactive)
    }
  })
})

it("introspection of another client's token is inactive, and does not revoke it", async () => {
  const { jwk, access, refresh } = await signedIn()
  const other = await publicClient(fixture, 'curious.example.com')
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const otherKey = key.export({ format: 'jwk' })
  for (const token of [access, refresh]) {
    expect(await introspect(token, { jwk, as: other.clientId })).toEqual(inactive)
    expect(await introspect(token, { jwk: otherKey })).toEqual(inactive)
    expect(await introspect(token, { jwk })).toMatchObject([200, { active: true }])
  }
})

it('a confidential client authenticates to introspection, once per assertion', async () => {
  const backend = await confidentialClient(fixture, 'backend.example.com')
  const as = backend.clientId
  const { jwk, access } = await signedIn(backend)
  const more = clientAssertionParams(await clientAssertion(fixture, backend))
  expect(await introspect(access, { jwk, as, more })).toMatchObject([200, { active: true }])
  const refused = [401, { error: 'invalid_client' }]
  expect(await introspect(access, { jwk, as, more })).toMatchObject(refused)
  expect(await introspect(access, { jwk, as })).toMatchObject(refused)
  const thief = await confidentialClient(fixture, 'thief2.example.com')
  const his = clientAssertionParams(await clientAssertion(fixture, { ...backend, key: thief.key }))
  expect(await introspect(access, { jwk, as, more: his })).toMatchObject(refused)
  const otherAudience = clientAssertionParams(
    await clientAssertion(fixture, backend, { aud: 'https://else.example.com' }),
  )
  expect(await introspect(access, { jwk, as, more: otherAudience })).toMatchObject(refused)
})

describe('the introspection endpoint', () => {
  it('the introspection endpoint is in the server metadata', async () => {
    const answer = await fetch(`${fixture.url}/.well-known/oauth-authorization-server`)
    const methods = ['none', 'private_key_jwt']
    expect(await answer.json()).toMatchObject({
      introspection_endpoint: `${fixture.url}${path}`,
      introspection_endpoint_auth_methods_supported: methods,
    })
  })

  it('the introspection endpoint explains a bad request', async () => {
    const { jwk, access: token } = await signedIn()
    const { clientId: client_id } = app
    const ask = async (form: Record<string, string>, claims: DpopClaims = {}) => {
      const answer = await dpopPost(fixture, path, form, { jwk, ...claims })
      return [answer.status, answer.error]
    }
    expect(await ask({ client_id })).toEqual([400, 'invalid_request'])
    expect(await ask({ token })).toEqual([401, 'invalid_client'])
    expect(await ask({ token, client_id: 'nobody' })).toEqual([401, 'invalid_client'])
    const unknownClient = 'https://nobody.example.com/client-metadata.json'
    expect(await ask({ token, client_id: unknownClient })).toEqual([401, 'invalid_client'])
    const good = { token, client_id }
    expect(await ask(good, { nonce: undefined })).toEqual([400, 'use_dpop_nonce'])
    for (const claims of [{ htm: 'GET' }, { htu: `${fixture.url}/oauth/token` }, { iat: 1 }]) {
      expect(await ask(good, claims)).toEqual([401, 'invalid_dpop_proof'])
    }
    const jti = 'once'
    expect(await ask(good, { jti })).toEqual([200, undefined])
    expect(await ask(good, { jti })).toEqual([401, 'invalid_dpop_proof'])
    const without = await post(fixture, path, good)
    expect([without.status, without.error]).toEqual([401, 'invalid_dpop_proof'])
    expect(without.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_dpop_proof"/)
  })

  it('the introspection endpoint requires a form of limited size, with each name once', async () => {
    const send = async (body: string | Uint8Array, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${fixture.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: body as string,
      })
      const { error } = (await answer.json()) as { error?: string }
      return [answer.status, error]
    }
    expect(await send('token=a&token=b&client_id=c')).toEqual([400, 'invalid_request'])
    expect(await send('{}', { 'content-type': 'application/json' })).toEqual([
      415,
      'invalid_request',
    ])
    const big = `token=${'x'.repeat(200_000)}`
    expect(await send(big)).toEqual([413, 'invalid_request'])
    expect(await send(gzipSync(big), { 'content-encoding': 'gzip' })).toEqual([
      413,
      'invalid_request',
    ])
    const got = await fetch(`${fixture.url}${path}`)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('the introspection endpoint allows every origin, and its answers are not cached', async () => {
    const preflight = await fetch(`${fixture.url}${path}`, { method: 'OPTIONS' })
    expect(preflight.status).toBe(200)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('Content-Type,DPoP')
    const { headers } = await post(fixture, path, {})
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('dpop-nonce')).toMatch(/\S/)
    expect(headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
  })
})

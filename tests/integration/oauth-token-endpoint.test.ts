import { type KeyObject, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type App,
  authorize,
  dpopProof,
  ProviderPageClient,
  signIn,
} from '#tests/support/oauth-client.ts'
import {
  type AuthorizationRequests,
  authorizationRequests,
  clientAssertionParams,
  dpopPost,
  jwkOf,
  newKey,
  post,
  publicClient,
  publishClientMetadata,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

const alice = { handle: 'alice.test', password }

let fixture: OAuthFixture
let app: App
let push: AuthorizationRequests['push']
beforeAll(async () => {
  fixture = await openOAuthFixture()
  app = await publicClient(fixture, 'app.example.com')
  ;({ push } = authorizationRequests(fixture, app))
}, 20_000)
afterAll(() => fixture?.close())

const browser = (headers = {}) => new ProviderPageClient(fixture.url, headers)

/** A code with its verifier and the app's key. */
async function grant(to = app) {
  const params = await authorize(to, { ...alice, browser: browser() })
  const state = to.states.get(params.get('state')!)! as unknown as {
    verifier: string
    dpopJwk: object
  }
  return { code: params.get('code')!, verifier: state.verifier, jwk: state.dpopJwk }
}

type Grant = Awaited<ReturnType<typeof grant>>

const tokenForm = ({ code, verifier }: Grant, more: Record<string, string> = {}) => ({
  grant_type: 'authorization_code',
  client_id: app.clientId,
  redirect_uri: app.redirectUri,
  code,
  code_verifier: verifier,
  ...more,
})

describe('the token endpoint', () => {
  it.each<[string, Record<string, string>]>([
    ['the verifier of another request', { code_verifier: 'v'.repeat(43) }],
    ['another way back', { redirect_uri: 'https://app.example.com/other' }],
  ])(
    'the token endpoint rejects a code with %s, and the code is void afterwards',
    async (_, more) => {
      const given = await grant()
      const refused = await dpopPost(fixture, '/oauth/token', tokenForm(given, more), given)
      expect([refused.status, refused.error]).toEqual([400, 'invalid_grant'])
      const after = await dpopPost(fixture, '/oauth/token', tokenForm(given), given)
      expect([after.status, after.error]).toEqual([400, 'invalid_grant'])
    },
  )

  it.each(['redirect_uri', 'code_verifier', 'code'])(
    'the token endpoint rejects a code without %s',
    async (name) => {
      const given = await grant()
      const { [name as 'code']: _, ...form } = tokenForm(given)
      const { status, error } = await dpopPost(fixture, '/oauth/token', form as never, given)
      expect([status, error]).toEqual([400, 'invalid_grant'])
    },
  )

  it('the token endpoint rejects a code of another request (code injection)', async () => {
    const [victim, thief] = [await grant(), await grant()]
    const form = tokenForm({ ...thief, code: victim.code })
    const { status, error } = await dpopPost(fixture, '/oauth/token', form, thief)
    expect([status, error]).toEqual([400, 'invalid_grant'])
  })

  it("the token endpoint rejects a code with another key than the request's", async () => {
    const given = await grant()
    const form = tokenForm(given)
    const { error } = await dpopPost(fixture, '/oauth/token', form, { jwk: jwkOf(newKey()) })
    expect(error).toBe('invalid_grant')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['a password', { grant_type: 'password', username: 'alice.test', password }, /^invalid_grant$/],
    ['its own name alone', { grant_type: 'client_credentials' }, /^invalid_grant$/],
    ['nothing', { grant_type: '' }, /^invalid_(grant|request)$/],
    ['an invalid code', { grant_type: 'authorization_code', code: 'cod-1' }, /^invalid_grant$/],
    [
      'an invalid refresh token',
      { grant_type: 'refresh_token', refresh_token: 'ref-1' },
      /^invalid_grant$/,
    ],
  ])('the token endpoint rejects %s', async (_, form, error) => {
    const jwk = jwkOf(newKey())
    const more = { client_id: app.clientId, redirect_uri: app.redirectUri, ...form }
    const answer = await dpopPost(fixture, '/oauth/token', more, { jwk })
    expect([answer.status, answer.error]).toEqual([400, expect.stringMatching(error)])
  })

  it('the token endpoint refreshes only for the same app and key', async () => {
    const other = await publicClient(fixture, 'renews.example.com')
    for (const [client_id, isOwnKey] of [
      [other.clientId, true],
      [app.clientId, false],
    ] as const) {
      await signIn(app, { ...alice, browser: browser() })
      const { dpopJwk, tokenSet } = app.sessions.get(testDid)!
      const form = {
        grant_type: 'refresh_token',
        refresh_token: tokenSet.refresh_token!,
        client_id,
      }
      const jwk = isOwnKey ? dpopJwk : jwkOf(newKey())
      const { status, error } = await dpopPost(fixture, '/oauth/token', form, { jwk })
      expect([status, error]).toEqual([400, 'invalid_grant'])
    }
  })

  it('the token endpoint does not revoke tokens of another app', async () => {
    await signIn(app, { ...alice, browser: browser() })
    const { dpopJwk: jwk, tokenSet } = app.sessions.get(testDid)!
    const other = await publicClient(fixture, 'revokes.example.com')
    const form = { token: tokenSet.access_token, client_id: other.clientId }
    expect((await dpopPost(fixture, '/oauth/revoke', form, { jwk })).status).toBe(200)
    const own = { token: tokenSet.access_token, client_id: app.clientId }
    const { body } = await dpopPost(fixture, '/oauth/introspect', own, { jwk })
    expect(body).toMatchObject({ active: true })
  })

  it.each(['/oauth/par', '/oauth/token', '/oauth/revoke'])(
    '%s reads no body beyond its bounds',
    async (path) => {
      const big = await post(fixture, path, { client_id: app.clientId, token: 'x'.repeat(200_000) })
      expect(big.status).toBe(413)
      expect((await post(fixture, path, {}, { 'content-type': 'text/plain' })).status).toBe(415)
    },
  )
})

describe('a DPoP proof at the endpoints (RFC 9449)', () => {
  const url = () => `${fixture.url}/oauth/par`
  const refused = [401, 'invalid_dpop_proof']

  const par = async (dpop: string) => push({}, { dpop })
  const nonceOf = async () => (await post(fixture, '/oauth/par', {})).headers.get('dpop-nonce')!

  /** A valid proof, with changed header or claims. */
  async function crafted(
    header: object = {},
    claims: object = {},
    key = newKey(),
  ): Promise<string> {
    const { d: _, ...jwk } = jwkOf(key)
    const all = { htm: 'POST', htu: url(), jti: 'a name', nonce: await nonceOf(), ...claims }
    return new SignJWT({ ...all, jti: `${all.jti}${randomBytes(8).toString('hex')}` })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: jwk as never, ...header })
      .setIssuedAt()
      .sign(key)
  }

  it('the crafted DPoP proof is valid unless a test changes it', async () => {
    expect(await par(await crafted())).toEqual([201, undefined])
  })

  it.each([
    ['of another kind', { typ: 'JWT' }, {}],
    ['that carries no key', { jwk: undefined }, {}],
    ['that carries the private key', { jwk: jwkOf(newKey()) }, {}],
    ['by another key than it says', { jwk: publicOf(newKey()) }, {}],
    ['for another method', {}, { htm: 'GET' }],
    ['for another address', {}, { htu: 'https://elsewhere.example.com/oauth/par' }],
    ['for another endpoint', {}, { htu: 'https://elsewhere.example.com/oauth/token' }],
    ['for a token that is not shown', {}, { ath: 'x' }],
  ])('a DPoP proof %s is rejected', async (_, header, claims) => {
    expect(await par(await crafted(header, claims))).toEqual(refused)
  })

  it('an unsigned DPoP proof is rejected, with any algorithm', async () => {
    const [, claims] = (await crafted()).split('.')
    const jwk = publicOf(newKey())
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg, jwk })).toString(
        'base64url',
      )
      expect(await par(`${header}.${claims}.`)).toEqual(refused)
      expect(await par(`${header}.${claims}.AAAA`)).toEqual(refused)
    }
    expect(await par('nonsense')).toEqual(refused)
  })

  it('a DPoP proof must have a nonce of the server', async () => {
    for (const nonce of [undefined, 'made up']) {
      expect(await par(await crafted({}, { nonce }))).toEqual([400, 'use_dpop_nonce'])
    }
  })

  it('a DPoP proof is accepted once at the endpoints', async () => {
    const one = await crafted()
    expect(await par(one)).toEqual([201, undefined])
    expect(await par(one)).toEqual(refused)
  })

  it('more than one DPoP proof is rejected', async () => {
    const one = await crafted()
    expect(await par(`${one}, ${await crafted()}`)).toEqual(refused)
  })

  it('a DPoP proof must be signed with the key in dpop_jkt', async () => {
    const more = { dpop_jkt: 'A'.repeat(43) }
    expect(await push(more, { dpop: await crafted() })).toEqual([401, 'invalid_token'])
  })

  it("a DPoP proof must not be signed with the client's authentication key", async () => {
    const key = newKey()
    const jwk = { ...publicOf(key), kid: 'one', alg: 'ES256' }
    const { clientId, redirectUri } = await publishClientMetadata(fixture, 'same-key.example.com', {
      jwks: { keys: [jwk] },
    })
    const now = Math.floor(Date.now() / 1000)
    const jwt = await new SignJWT({ iss: clientId, sub: clientId, aud: fixture.url, jti: 'one' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(key)
    const more = { client_id: clientId, redirect_uri: redirectUri, ...clientAssertionParams(jwt) }
    const dpop = dpopProof(jwkOf(key), { htm: 'POST', htu: url(), nonce: await nonceOf() })
    expect(await push(more, { dpop })).toEqual([400, 'invalid_request'])
  })
})

function publicOf(key: KeyObject) {
  const { d: _, ...jwk } = jwkOf(key)
  return jwk
}

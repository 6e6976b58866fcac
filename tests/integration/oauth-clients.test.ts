import { JoseKey } from '@atproto/jwk-jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type App,
  authorize,
  dpopProof,
  ProviderPageClient,
  redirectParams,
  signIn,
} from '#tests/support/oauth-client.ts'
import {
  clientAssertion,
  clientAssertionParams,
  confidentialClient,
  pkceChallenge,
  post,
  publishClientMetadata,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

let fixture: OAuthFixture
beforeAll(async () => {
  fixture = await openOAuthFixture()
})
afterAll(() => fixture?.close())

const alice = { handle: 'alice.test', password }

describe('a confidential client', () => {
  it('a confidential client is loaded from its client id, and its user signs in, refreshes, and signs out', async () => {
    const app = await confidentialClient(fixture, 'app.example.com')
    const session = await signIn(app, { ...alice, browser: new ProviderPageClient(fixture.url) })
    expect((await session.getTokenInfo(true)).scope).toBe('atproto transition:generic')
    await session.signOut()
    expect(fixture.fetchedUrls).toContain(app.clientId)
    expect(fixture.errors).toEqual([])
  })

  it("a confidential client's user is signed in again without consent if it was given before", async () => {
    const app = await confidentialClient(fixture, 'again.example.com')
    const browser = new ProviderPageClient(fixture.url)
    await signIn(app, { ...alice, browser, remember: true })
    const page = await browser.open(await app.client.authorize(alice.handle, { prompt: 'none' }))
    const { session } = await app.client.callback(sentBack(page))
    expect(session.did).toBe(testDid)
    const otherBrowser = await new ProviderPageClient(fixture.url).open(
      await app.client.authorize(alice.handle, { prompt: 'none' }),
    )
    expect(sentBack(otherBrowser).get('error')).toBe('login_required')
  })

  it("a client assertion is accepted once, with the client's key, and for this server", async () => {
    const { key, clientId } = await confidentialClient(fixture, 'once.example.com')
    const par = async (jwt: string) => {
      const request = {
        client_id: clientId,
        response_type: 'code',
        scope: 'atproto',
        ...pkceChallenge,
      }
      const uri = { redirect_uri: 'https://once.example.com/callback', state: 'one' }
      const { status, error } = await post(fixture, '/oauth/par', {
        ...request,
        ...uri,
        ...clientAssertionParams(jwt),
      })
      return [status, error]
    }
    const good = await clientAssertion(fixture, { key, clientId })
    expect(await par(good)).toEqual([201, undefined])
    expect(await par(good)).toEqual([400, 'invalid_grant'])
    const other = await JoseKey.generate(['ES256'], 'one')
    expect(await par(await clientAssertion(fixture, { key: other, clientId }))).toEqual([
      400,
      'invalid_client',
    ])
    const otherAudience = { aud: 'https://elsewhere.example.com' }
    expect(await par(await clientAssertion(fixture, { key, clientId }, otherAudience))).toEqual([
      400,
      'invalid_client',
    ])
    const late = { iat: 1_700_000_000, exp: 1_700_000_060 }
    expect(await par(await clientAssertion(fixture, { key, clientId }, late))).toEqual([
      400,
      'invalid_client',
    ])
    const mute = { client_id: clientId, response_type: 'code', scope: 'atproto', ...pkceChallenge }
    expect((await post(fixture, '/oauth/par', mute)).status).toBe(400)
  })
})

/** The parameters of the page that redirects to the app. */
function sentBack({ headers }: { headers: Record<string, string | string[] | undefined> }) {
  return redirectParams(String(headers['location']))
}

describe('a client with false claims', () => {
  const par = async (clientId: string, more: Record<string, string> = {}) => {
    const request = { response_type: 'code', scope: 'atproto', ...pkceChallenge, state: 'one' }
    const { status, error } = await post(fixture, '/oauth/par', {
      ...{ client_id: clientId, redirect_uri: 'https://app.example.com/callback', ...request },
      ...more,
    })
    return [status, error]
  }

  it.each([
    [
      'another id than its address',
      { client_id: 'https://victim.example.com/client-metadata.json' },
    ],
    ['no redirect', { redirect_uris: [] }],
    ['unbound tokens', { dpop_bound_access_tokens: false }],
    ['an unknown way to prove itself', { token_endpoint_auth_method: 'client_secret_basic' }],
  ])('a client with %s is rejected', async (_, more) => {
    const host = `forged-${Object.keys(more)[0]!.replaceAll('_', '-')}.example.com`
    const { clientId } = await publishClientMetadata(fixture, host, more)
    const [status, error] = await par(clientId, { redirect_uri: `https://${host}/callback` })
    expect([status, error]).toEqual([
      400,
      expect.stringMatching(/^invalid_(client|client_metadata|redirect_uri|request)$/),
    ])
  })

  it('a client without metadata is rejected', async () => {
    const refused = [400, expect.stringMatching(/^invalid_client/)]
    expect(await par('https://nobody.example.com/client-metadata.json')).toEqual(refused)
    expect((await par('https://127.0.0.1/client-metadata.json'))[0]).toBe(400)
    expect((await par('not a client'))[0]).toBe(400)
  })
})

it("the OAuth pages have the operator's branding", async () => {
  const app = await confidentialClient(fixture, 'look.example.com')
  const { text } = await new ProviderPageClient(fixture.url).open(
    await app.client.authorize(alice.handle),
  )
  for (const said of ['the tests', 'https://example.com/logo.png', 'https://example.com/help']) {
    expect(text).toContain(said)
  }
  expect(text).toContain('--primary:#7c3aed')
})

describe('an authorization request', () => {
  const clientId = 'http://localhost'
  const good = {
    client_id: clientId,
    response_type: 'code',
    scope: 'atproto',
    redirect_uri: 'http://127.0.0.1/',
    state: 'one',
    ...pkceChallenge,
  }

  it.each([
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    [
      'with the redirect URI of another client',
      { redirect_uri: 'https://elsewhere.example.com/' },
      'invalid_request',
    ],
    ['for more than the app said', { scope: 'atproto transition:generic' }, 'invalid_scope'],
    ['without the one scope that all need', { scope: 'transition:generic' }, 'invalid_scope'],
    ['of another kind', { response_type: 'token' }, 'unsupported_response_type'],
    ['of OpenID Connect', { scope: 'atproto openid' }, 'invalid_scope'],
  ])('a pushed request %s is rejected', async (_, more, error) => {
    const request = Object.entries({ ...good, ...more }).filter(([, value]) => value !== '')
    const answer = await post(fixture, '/oauth/par', Object.fromEntries(request))
    expect([answer.status, answer.error]).toEqual([400, error])
  })

  it('a pushed request is rejected if it is too long, or of another content type', async () => {
    expect(
      (await post(fixture, '/oauth/par', { ...good, state: 'x'.repeat(200_000) })).status,
    ).toBe(413)
    expect((await post(fixture, '/oauth/par', good, { 'content-type': 'text/plain' })).status).toBe(
      415,
    )
    const { status } = await fetch(`${fixture.url}/oauth/par`)
    expect(status).toBe(405)
  })

  it('a pushed request is accepted once, in one browser', async () => {
    const app = await confidentialClient(fixture, 'one-browser.example.com')
    const url = await app.client.authorize(alice.handle)
    expect((await new ProviderPageClient(fixture.url).open(url)).status).toBe(200)
    const other = await new ProviderPageClient(fixture.url).open(url)
    expect(sentBack(other).get('error')).toBe('access_denied')
  })
})

describe('a code', () => {
  it('a code is rejected without the verifier, key and client it was issued to', async () => {
    const token = async (app: App, code: string, form: Record<string, string>) => {
      const key = await JoseKey.generate(['ES256'])
      const htu = `${fixture.url}/oauth/token`
      const parameters = { grant_type: 'authorization_code', code, client_id: app.clientId }
      const ask = async (nonce?: string) =>
        post(
          fixture,
          '/oauth/token',
          { ...parameters, redirect_uri: app.redirectUri, ...form },
          {
            dpop: dpopProof(key.privateJwk!, { htm: 'POST', htu, nonce }),
          },
        )
      const { headers } = await ask()
      const { status, error } = await ask(headers.get('dpop-nonce')!)
      return [status, error]
    }
    const app = await confidentialClient(fixture, 'code.example.com')
    const code = async () =>
      (await authorize(app, { ...alice, browser: new ProviderPageClient(fixture.url) })).get(
        'code',
      )!
    const mine = async () => clientAssertionParams(await clientAssertion(fixture, app))
    const verifier = { code_verifier: 'y'.repeat(43) }
    // Each attempt needs a new code: an attempt uses it up.
    expect((await token(app, await code(), { ...verifier }))[0]).toBe(400)
    expect(await token(app, await code(), await mine())).toEqual([400, 'invalid_grant'])
    const wrong = { ...verifier, ...(await mine()) }
    expect(await token(app, await code(), wrong)).toEqual([400, 'invalid_grant'])
    const thief = await confidentialClient(fixture, 'thief.example.com')
    const his = clientAssertionParams(await clientAssertion(fixture, thief))
    expect(await token(thief, await code(), { ...verifier, ...his })).toEqual([
      400,
      'invalid_grant',
    ])
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type App,
  authorize,
  ProviderPageClient,
  redirectParams,
  signIn,
} from '#tests/support/oauth-client.ts'
import {
  type AuthorizationRequests,
  authorizationRequests,
  clientAssertion,
  clientAssertionParams,
  confidentialClient,
  publicClient,
  publishClientMetadata,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

const alice = { handle: 'alice.test', password }

let fixture: OAuthFixture
let app: App
let validRequest: AuthorizationRequests['validParameters']
let page: AuthorizationRequests['page']
let push: AuthorizationRequests['push']
let pushed: AuthorizationRequests['pushed']
beforeAll(async () => {
  fixture = await openOAuthFixture()
  app = await publicClient(fixture, 'app.example.com')
  ;({ validParameters: validRequest, page, push, pushed } = authorizationRequests(fixture, app))
}, 20_000)
afterAll(() => fixture?.close())
afterEach(() => {
  vi.useRealTimers()
})

const browser = (headers = {}) => new ProviderPageClient(fixture.url, headers)

const sentTo = (headers: Record<string, string | string[] | undefined>) =>
  new URL(String(headers['location']))

describe('the authorization page', () => {
  it('the authorization page redirects to no unregistered address', async () => {
    const evil = { ...validRequest(), redirect_uri: 'https://evil.example.com/' }
    const unknown = 'https://nobody.example.com/client-metadata.json'
    for (const [query, headers] of [
      [evil, {}],
      [{ ...evil, client_id: 'http://localhost' }, {}],
      [{ ...evil, client_id: unknown }, {}],
      [{ ...evil, request_uri: `urn:ietf:params:oauth:request_uri:req-${'0'.repeat(32)}` }, {}],
      [{ ...evil, request: 'e30.e30.' }, {}],
      [{ ...evil, 'redirect-test': '2' }, { 'user-agent': 'an iPhone OS' }],
      [{ ...evil, request_uri: await pushed() }, {}],
    ] as const) {
      const { status, headers: got } = await browser(headers).open(page(query))
      expect(got['location']).toBeUndefined()
      expect([200, 400]).toContain(status)
    }
  })

  it('an authorization request must be pushed (RFC 9126)', async () => {
    expect((await browser().open(page(validRequest()))).status).toBe(400)
    const { clientId: client_id } = app
    expect((await browser().open(page({ client_id, request_uri: await pushed() }))).status).toBe(
      200,
    )
  })

  it('a pushed request has a bounded size', async () => {
    expect(await push({ state: 'x'.repeat(2048) })).toEqual([201, undefined])
    expect(await push({ state: 'x'.repeat(2049) })).toEqual([400, 'invalid_request'])
    expect(await push({ state: 'x'.repeat(17_000) })).toEqual([413, 'invalid_request'])
    const notes = Array.from({ length: 900 }, (_, i) => `repo:com.example.note${i}`)
    const scope = `atproto ${notes.join(' ')}`
    const wide = await publicClient(fixture, 'wide.example.com', { scope })
    const form = { ...authorizationRequests(fixture, wide).validParameters(), scope }
    const response = await fetch(`${fixture.url}/oauth/par`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      // A stream has no Content-Length.
      body: new Blob([new URLSearchParams(form).toString()]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      413,
      'invalid_request',
    ])
  })

  it('pushed requests and new browsers are counted by address, and refused with a time to wait', async () => {
    fixture.attempts.length = 0
    const request_uri = await pushed()
    const tab = browser()
    const path = page({ client_id: app.clientId, request_uri })
    await tab.open(path)
    await tab.open(path)
    const address = '203.0.113.7'
    expect(fixture.attempts).toEqual(
      ['oauth/par', 'oauth', 'oauth/device', 'oauth'].map((name) => [name, address]),
    )
    fixture.refusedAttempts.add('oauth/device')
    const refused = await browser().open(path)
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60'])
    fixture.refusedAttempts.delete('oauth/device')
    fixture.refusedAttempts.add('oauth/par')
    expect(await push({})).toEqual([429, 'temporarily_unavailable'])
    fixture.refusedAttempts.clear()
  })

  it('a long User-Agent is cut, and its browser is known again', async () => {
    const tab = browser({ 'user-agent': 'x'.repeat(5000) })
    await tab.open(page({ client_id: app.clientId, request_uri: await pushed() }))
    const session = tab.cookies.get('ses-id')
    const credentials = { locale: 'en', username: alice.handle, password, remember: true }
    const signedIn = await tab.callApi('/sign-in', credentials)
    expect(signedIn.status).toBe(200)
    const rotated = tab.cookies.get('ses-id')
    expect(rotated).not.toBe(session)
    await tab.open(page({ client_id: app.clientId, request_uri: await pushed() }))
    expect(tab.cookies.get('ses-id')).toBe(rotated)
    const { body } = await tab.callApi<{ deviceMetadata: { userAgent: string } }[]>(
      `/account-sessions?did=${testDid}`,
    )
    expect(body.map(({ deviceMetadata }) => deviceMetadata.userAgent)).toContain('x'.repeat(300))
  })

  it('a pushed request is valid for five minutes', async () => {
    const request_uri = await pushed()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
    const { headers } = await browser().open(page({ client_id: app.clientId, request_uri }))
    const { origin, searchParams } = sentTo(headers)
    expect(origin).toBe('https://app.example.com')
    expect(searchParams.get('error')).toBe('access_denied')
    expect(searchParams.get('error_description')).toBe('This request has expired')
  })

  it('a pushed request is shown only to the app that pushed it', async () => {
    const other = await publicClient(fixture, 'other.example.com')
    const request_uri = await pushed()
    const opened = await browser().open(page({ client_id: other.clientId, request_uri }))
    // Another app's request is reported to the app that pushed it, and is void afterwards.
    expect(sentTo(opened.headers).origin).toBe('https://app.example.com')
    expect(sentTo(opened.headers).searchParams.get('error')).toBe('access_denied')
    const again = await browser().open(page({ client_id: app.clientId, request_uri }))
    expect([again.status, again.headers['location']]).toEqual([400, undefined])
  })

  it('the redirect to the app has iss (RFC 9207) and state', async () => {
    const granted = await authorize(app, { ...alice, browser: browser() })
    expect(granted.get('iss')).toBe(fixture.url)
    const tab = browser()
    await tab.open(page({ client_id: app.clientId, request_uri: await pushed() }))
    const { body } = await tab.callApi<{ url: string }>('/reject', {})
    const refused = redirectParams(body.url)
    expect(Object.fromEntries(refused)).toMatchObject({
      iss: fixture.url,
      state: 'the state',
      error: 'access_denied',
    })
    expect(refused.has('code')).toBe(false)
  })

  it('the authorization page cannot be framed', async () => {
    const good = page({ client_id: app.clientId, request_uri: await pushed() })
    const form = { request_uri: await pushed({ response_mode: 'form_post' }) }
    const iphone = { 'user-agent': 'an iPhone OS' }
    const all = [
      await browser().open(good),
      await browser().open(page(validRequest())),
      await browser().open(`${fixture.url}/account/sign-in`),
      await browser().open(`${fixture.url}/account/reset-password`),
      await browser(iphone).open(page({ client_id: app.clientId, ...form })),
      await browser(iphone).open(page({ client_id: app.clientId, ...form, 'redirect-test': '1' })),
    ]
    expect(all.map(({ status }) => status)).toEqual([200, 400, 200, 200, 200, 400])
    for (const { headers } of all) {
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers['content-security-policy']).toMatch(/default-src 'none'/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('same-origin')
      expect(headers['cache-control']).toMatch(/no-store/)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  it('the cookies of the authorization page are HttpOnly and SameSite', async () => {
    const { headers } = await browser().open(
      page({ client_id: app.clientId, request_uri: await pushed() }),
    )
    const cookies = [headers['set-cookie'] ?? []].flat()
    for (const name of ['dev-id', 'ses-id']) {
      const cookie = cookies.find((line) => line.startsWith(`${name}=`))
      expect(cookie).toMatch(/; HttpOnly/)
      expect(cookie).toMatch(/; SameSite=Lax/)
    }
  })
})

describe('request parameters', () => {
  const open = async (to: App, options: object, tab = browser()) =>
    tab.open(await to.client.authorize(alice.handle, options))

  it('a public app cannot use prompt=none', async () => {
    expect(await push({ prompt: 'none' })).toEqual([400, 'invalid_request'])
  })

  it('prompt=login shows the sign-in page to a signed-in user, and prompt=select_account lists the accounts', async () => {
    const backend = await confidentialClient(fixture, 'prompts.example.com')
    const tab = browser()
    await signIn(backend, { ...alice, browser: tab, remember: true })
    expect((await open(backend, {}, tab)).status).toBe(303)
    expect((await open(backend, { prompt: 'login' }, tab)).status).toBe(200)
    const signedOut = await open(backend, { prompt: 'select_account' })
    expect(sentTo(signedOut.headers).searchParams.get('error')).toBe('account_selection_required')
  })

  it.each([
    ['a hint that is no name', { login_hint: 'not a handle' }],
    ['a hint that is no name of ours', { login_hint: 'https://evil.example.com' }],
    ['an unknown prompt', { prompt: 'surprise' }],
    ['an unknown way back', { response_mode: 'web_message' }],
    ['claims of OpenID Connect', { claims: '{}' }],
    ['a hint with a token', { id_token_hint: 'a.b.c' }],
    ['unknown authorization_details', { authorization_details: '[{"type":"payment"}]' }],
    ['another app in the request', { client_id: 'https://app.example.com/other.json' }],
  ])('an authorization request with %s is rejected', async (_, more) => {
    expect(await push(more)).toEqual([
      400,
      expect.stringMatching(/^invalid_(request|client|client_metadata|authorization_details)$/),
    ])
  })

  it('a login_hint of an account here is shown as given, and leads nowhere', async () => {
    for (const login_hint of ['somebody.example.com', 'did:plc:nobodynobodynobodynobody']) {
      const request_uri = await pushed({ login_hint })
      const { status } = await browser().open(page({ client_id: app.clientId, request_uri }))
      expect(status).toBe(200)
    }
  })
})

describe('invalid client metadata', () => {
  it.each([
    ['behind a redirect', 'leads', {}],
    ['with tokens given without a code', 'implicit', { grant_types: ['implicit'] }],
    [
      'with a way back that is not secure',
      'plain',
      { redirect_uris: ['http://plain.example.com/'] },
    ],
    ['with a way back on this machine', 'local', { redirect_uris: ['https://localhost/'] }],
    ['with a way back of another app', 'scheme', { redirect_uris: ['com.other:/callback'] }],
    ['with a way back that is a script', 'script', { redirect_uris: ['javascript:alert(1)'] }],
    ['with no scope', 'scopeless', { scope: undefined }],
    ['without a key to prove itself', 'keyless', { jwks: { keys: [] } }],
    ['with a key on both ways', 'keys', { jwks_uri: 'https://keys.example.com/jwks.json' }],
  ])('a client metadata document %s is rejected', async (_, name, more) => {
    const host = `${name}.example.com`
    const { clientId, metadata } = await publishClientMetadata(fixture, host, more)
    if (name === 'leads') {
      fixture.documents.set('https://elsewhere.example.com/', metadata)
      fixture.documents.set(clientId, new URL('https://elsewhere.example.com/'))
    }
    const redirect_uri = metadata.redirect_uris[0]!
    const [status, error] = await push({ client_id: clientId, redirect_uri })
    expect([status, error]).toEqual([
      400,
      expect.stringMatching(/^invalid_(client_metadata|redirect_uri|request)$/),
    ])
  })

  it.each([
    'https://127.0.0.1/client-metadata.json',
    'https://app.example.com:8443@evil.example.com/a.json',
    'https://app.example.com/client-metadata.json#x',
    'https://app.example.com/../client-metadata.json',
    'https://app.example.com/',
    'http://app.example.com/client-metadata.json',
    'https://host.local/client-metadata.json',
  ])('the client id %s is rejected', async (client_id) => {
    const before = fixture.fetchedUrls.length
    const [status, error] = await push({ client_id })
    expect([status, error]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect(fixture.fetchedUrls.slice(before)).toEqual([])
  })
})

it('a client assertion of one app is rejected for another', async () => {
  const mine = await confidentialClient(fixture, 'mine.example.com')
  const theirs = await confidentialClient(fixture, 'theirs.example.com')
  const jwt = await clientAssertion(fixture, mine)
  const more = {
    client_id: theirs.clientId,
    redirect_uri: theirs.redirectUri,
    ...clientAssertionParams(jwt),
  }
  expect(await push(more)).toEqual([400, 'invalid_client'])
})

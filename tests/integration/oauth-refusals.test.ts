import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type App, authorize, Browser, proof, redirected, signIn } from '#tests/helpers/oauth.ts'
import {
  asserted,
  assertion,
  challenge,
  confidentialApp,
  describeApp,
  post,
  provenPost,
  publicApp,
} from '#tests/helpers/oauth-apps.ts'
import { type OAuthWorld, openOAuthWorld, password } from '#tests/helpers/oauth-world.ts'
import { testDid } from '#tests/helpers/open-account.ts'

const alice = { handle: 'alice.test', password }

let world: OAuthWorld
let app: App
beforeAll(async () => {
  world = await openOAuthWorld()
  app = await publicApp(world, 'app.example.com')
}, 20_000)
afterAll(() => world?.close())
afterEach(() => {
  vi.useRealTimers()
})

const browser = (headers = {}) => new Browser(world.url, headers)
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })

/** The parameters of a good request. */
const wish = () => ({
  client_id: app.clientId,
  redirect_uri: app.redirectUri,
  response_type: 'code',
  scope: 'atproto',
  state: 'the state',
  ...challenge,
})

const page = (query: Record<string, string>) =>
  `${world.url}/oauth/authorize?${new URLSearchParams(query)}`

/** Status and error of a pushed request. */
async function push(more: Record<string, string>, headers = {}) {
  const { status, error } = await post(world, '/oauth/par', { ...wish(), ...more }, headers)
  return [status, error]
}

async function pushed(more: Record<string, string> = {}): Promise<string> {
  const { body } = await post(world, '/oauth/par', { ...wish(), ...more })
  return body['request_uri']!
}

const sentTo = (headers: Record<string, string | string[] | undefined>) =>
  new URL(String(headers['location']))

describe('the authorization page', () => {
  it('sends nobody to an address that no app has pushed', async () => {
    const evil = { ...wish(), redirect_uri: 'https://evil.example.com/' }
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

  it('takes a request only as it was pushed (RFC 9126): none in the address itself', async () => {
    expect((await browser().open(page(wish()))).status).toBe(400)
    const { clientId: client_id } = app
    expect((await browser().open(page({ client_id, request_uri: await pushed() }))).status).toBe(
      200,
    )
  })

  it('knows a request for five minutes', async () => {
    const request_uri = await pushed()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
    const { headers } = await browser().open(page({ client_id: app.clientId, request_uri }))
    const { origin, searchParams } = sentTo(headers)
    expect(origin).toBe('https://app.example.com')
    expect(searchParams.get('error')).toBe('access_denied')
    expect(searchParams.get('error_description')).toBe('This request has expired')
  })

  it('shows a request to nobody but the app that pushed it', async () => {
    const other = await publicApp(world, 'other.example.com')
    const request_uri = await pushed()
    const opened = await browser().open(page({ client_id: other.clientId, request_uri }))
    // Whose request it is hears of it; and then it is no request any more.
    expect(sentTo(opened.headers).origin).toBe('https://app.example.com')
    expect(sentTo(opened.headers).searchParams.get('error')).toBe('access_denied')
    const again = await browser().open(page({ client_id: app.clientId, request_uri }))
    expect([again.status, again.headers['location']]).toEqual([400, undefined])
  })

  it('names the server in all that it sends back (RFC 9207), and the state', async () => {
    const granted = await authorize(app, { ...alice, browser: browser() })
    expect(granted.get('iss')).toBe(world.url)
    const tab = browser()
    await tab.open(page({ client_id: app.clientId, request_uri: await pushed() }))
    const { body } = await tab.press<{ url: string }>('/reject', {})
    const refused = redirected(body.url)
    expect(Object.fromEntries(refused)).toMatchObject({
      iss: world.url,
      state: 'the state',
      error: 'access_denied',
    })
    expect(refused.has('code')).toBe(false)
  })

  it('is kept from frames, as every page is', async () => {
    const good = page({ client_id: app.clientId, request_uri: await pushed() })
    const form = { request_uri: await pushed({ response_mode: 'form_post' }) }
    const iphone = { 'user-agent': 'an iPhone OS' }
    const all = [
      await browser().open(good),
      await browser().open(page(wish())),
      await browser().open(`${world.url}/account`),
      await browser().open(`${world.url}/account/reset-password`),
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

  it('gives cookies that no script of others and no other site sees', async () => {
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

describe('what a request may ask of the page', () => {
  const open = async (to: App, options: object, tab = browser()) =>
    tab.open(await to.client.authorize(alice.handle, options))

  it('a public app never signs anybody in unseen', async () => {
    expect(await push({ prompt: 'none' })).toEqual([400, 'invalid_request'])
  })

  it('prompt=login shows the page to who is signed in, prompt=select_account tells that nobody is', async () => {
    const backend = await confidentialApp(world, 'prompts.example.com')
    const tab = browser()
    await signIn(backend, { ...alice, browser: tab, remember: true })
    expect((await open(backend, {}, tab)).status).toBe(303)
    expect((await open(backend, { prompt: 'login' }, tab)).status).toBe(200)
    const nobody = await open(backend, { prompt: 'select_account' })
    expect(sentTo(nobody.headers).searchParams.get('error')).toBe('account_selection_required')
  })

  it.each([
    ['a hint that is no name', { login_hint: 'not a handle' }],
    ['a hint that is no name of ours', { login_hint: 'https://evil.example.com' }],
    ['an unknown prompt', { prompt: 'surprise' }],
    ['an unknown way back', { response_mode: 'web_message' }],
    ['claims of OpenID Connect', { claims: '{}' }],
    ['a hint with a token', { id_token_hint: 'a.b.c' }],
    ['details that nobody knows', { authorization_details: '[{"type":"payment"}]' }],
    ['another app in the request', { client_id: 'https://app.example.com/other.json' }],
  ])('%s is refused', async (_, more) => {
    expect(await push(more)).toEqual([
      400,
      expect.stringMatching(/^invalid_(request|client|client_metadata|authorization_details)$/),
    ])
  })

  it('hints at nobody that we know are shown as they are, and lead nowhere', async () => {
    for (const login_hint of ['somebody.example.com', 'did:plc:nobodynobodynobodynobody']) {
      const request_uri = await pushed({ login_hint })
      const { status } = await browser().open(page({ client_id: app.clientId, request_uri }))
      expect(status).toBe(200)
    }
  })
})

describe('an app that is described wrongly', () => {
  it.each([
    ['by an address that leads elsewhere', 'leads', {}],
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
  ])('%s is refused', async (_, name, more) => {
    const host = `${name}.example.com`
    const { clientId, metadata } = await describeApp(world, host, more)
    if (name === 'leads') {
      world.web.set('https://elsewhere.example.com/', metadata)
      world.web.set(clientId, new URL('https://elsewhere.example.com/'))
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
  ])('the name %s is none', async (client_id) => {
    const before = world.fetched.length
    const [status, error] = await push({ client_id })
    expect([status, error]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect(world.fetched.slice(before)).toEqual([])
  })
})

/** A code, the verifier it was asked for with, and the key of the app. */
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
  ])('takes no code with %s, and not afterwards either', async (_, more) => {
    const given = await grant()
    const refused = await provenPost(world, '/oauth/token', tokenForm(given, more), given)
    expect([refused.status, refused.error]).toEqual([400, 'invalid_grant'])
    const after = await provenPost(world, '/oauth/token', tokenForm(given), given)
    expect([after.status, after.error]).toEqual([400, 'invalid_grant'])
  })

  it.each(['redirect_uri', 'code_verifier', 'code'])('takes no code without %s', async (name) => {
    const given = await grant()
    const { [name as 'code']: _, ...form } = tokenForm(given)
    const { status, error } = await provenPost(world, '/oauth/token', form as never, given)
    expect([status, error]).toEqual([400, 'invalid_grant'])
  })

  it('takes no code of another request with the verifier of one that is right (code injection)', async () => {
    const [victim, thief] = [await grant(), await grant()]
    const form = tokenForm({ ...thief, code: victim.code })
    const { status, error } = await provenPost(world, '/oauth/token', form, thief)
    expect([status, error]).toEqual([400, 'invalid_grant'])
  })

  it('takes a code only by the key that the request was made with', async () => {
    const given = await grant()
    const form = tokenForm(given)
    const { error } = await provenPost(world, '/oauth/token', form, { jwk: jwkOf(newKey()) })
    expect(error).toBe('invalid_grant')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['a password', { grant_type: 'password', username: 'alice.test', password }, /^invalid_grant$/],
    ['its own name alone', { grant_type: 'client_credentials' }, /^invalid_grant$/],
    ['nothing', { grant_type: '' }, /^invalid_(grant|request)$/],
    ['a code that is none', { grant_type: 'authorization_code', code: 'cod-1' }, /^invalid_grant$/],
    [
      'a refresh token that is none',
      { grant_type: 'refresh_token', refresh_token: 'ref-1' },
      /^invalid_grant$/,
    ],
  ])('gives nothing for %s', async (_, form, error) => {
    const jwk = jwkOf(newKey())
    const more = { client_id: app.clientId, redirect_uri: app.redirectUri, ...form }
    const answer = await provenPost(world, '/oauth/token', more, { jwk })
    expect([answer.status, answer.error]).toEqual([400, expect.stringMatching(error)])
  })

  it('renews nothing for another app, nor by another key', async () => {
    const other = await publicApp(world, 'renews.example.com')
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
      const { status, error } = await provenPost(world, '/oauth/token', form, { jwk })
      expect([status, error]).toEqual([400, 'invalid_grant'])
    }
  })

  it('takes nothing back for another app', async () => {
    await signIn(app, { ...alice, browser: browser() })
    const { dpopJwk: jwk, tokenSet } = app.sessions.get(testDid)!
    const other = await publicApp(world, 'revokes.example.com')
    const form = { token: tokenSet.access_token, client_id: other.clientId }
    expect((await provenPost(world, '/oauth/revoke', form, { jwk })).status).toBe(200)
    const own = { token: tokenSet.access_token, client_id: app.clientId }
    const { body } = await provenPost(world, '/oauth/introspect', own, { jwk })
    expect(body).toMatchObject({ active: true })
  })

  it.each(['/oauth/par', '/oauth/token', '/oauth/revoke'])(
    '%s reads no body beyond its bounds',
    async (path) => {
      const big = await post(world, path, { client_id: app.clientId, token: 'x'.repeat(200_000) })
      expect(big.status).toBe(413)
      expect((await post(world, path, {}, { 'content-type': 'text/plain' })).status).toBe(415)
    },
  )
})

describe('a proof at the endpoints (RFC 9449)', () => {
  const url = () => `${world.url}/oauth/par`
  const refused = [401, 'invalid_dpop_proof']

  const par = async (dpop: string) => push({}, { dpop })
  const nonceOf = async () => (await post(world, '/oauth/par', {})).headers.get('dpop-nonce')!

  /** One that is good but for what is changed of its header or its claims. */
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

  it('is good as the tests make it', async () => {
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
  ])('%s is refused', async (_, header, claims) => {
    expect(await par(await crafted(header, claims))).toEqual(refused)
  })

  it('that nobody has signed is refused, by whatever algorithm', async () => {
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

  it('must name a nonce of the server', async () => {
    for (const nonce of [undefined, 'made up']) {
      expect(await par(await crafted({}, { nonce }))).toEqual([400, 'use_dpop_nonce'])
    }
  })

  it('is good once', async () => {
    const one = await crafted()
    expect(await par(one)).toEqual([201, undefined])
    expect(await par(one)).toEqual(refused)
  })

  it('comes alone', async () => {
    const one = await crafted()
    expect(await par(`${one}, ${await crafted()}`)).toEqual(refused)
  })

  it('is by the key that the request names', async () => {
    const more = { dpop_jkt: 'A'.repeat(43) }
    expect(await push(more, { dpop: await crafted() })).toEqual([401, 'invalid_token'])
  })

  it('is by another key than the app proves itself with', async () => {
    const key = newKey()
    const jwk = { ...publicOf(key), kid: 'one', alg: 'ES256' }
    const { clientId, redirectUri } = await describeApp(world, 'same-key.example.com', {
      jwks: { keys: [jwk] },
    })
    const now = Math.floor(Date.now() / 1000)
    const jwt = await new SignJWT({ iss: clientId, sub: clientId, aud: world.url, jti: 'one' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .sign(key)
    const more = { client_id: clientId, redirect_uri: redirectUri, ...asserted(jwt) }
    const dpop = proof(jwkOf(key), { htm: 'POST', htu: url(), nonce: await nonceOf() })
    expect(await push(more, { dpop })).toEqual([400, 'invalid_request'])
  })
})

function publicOf(key: KeyObject) {
  const { d: _, ...jwk } = jwkOf(key)
  return jwk
}

describe('what the pages call', () => {
  /** Everything that they do, with a body that would be good. */
  const did = testDid
  const calls: [string, object?][] = [
    ['/verify-handle-availability', { handle: 'free.test' }],
    [
      '/sign-up',
      { locale: 'en', handle: 'a.test', email: 'a@example.com', password: 'secret of a' },
    ],
    ['/sign-in', { locale: 'en', username: alice.handle, password }],
    ['/sign-out', { did }],
    ['/reset-password-request', { locale: 'en', email: 'alice@example.com' }],
    ['/reset-password-confirm', { token: 'AAAAA-BBBBB', password: 'another secret' }],
    ['/update-email-request', { did, locale: 'en' }],
    ['/update-email-confirm', { did, email: 'b@example.com' }],
    ['/verify-email-request', { did, locale: 'en' }],
    ['/verify-email-confirm', { did, email: 'b@example.com', token: 'AAAAA-BBBBB' }],
    ['/update-handle', { did, handle: 'b.test' }],
    ['/deactivate-account', { did }],
    ['/reactivate-account', { did }],
    ['/delete-account-request', { did, locale: 'en' }],
    ['/delete-account-confirm', { did, token: 'AAAAA-BBBBB', password }],
    ['/device-sessions'],
    [`/oauth-sessions?did=${did}`],
    [`/account-sessions?did=${did}`],
    ['/revoke-account-session', { did, deviceId: `dev-${'0'.repeat(32)}` }],
    ['/revoke-oauth-session', { did, tokenId: `tok-${'0'.repeat(32)}` }],
    ['/consent', { did }],
    ['/reject', {}],
  ]

  it.each<[string, Record<string, string>]>([
    ['of another site', { origin: 'https://evil.example.com' }],
    ['that a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['that is no script of ours', { 'sec-fetch-mode': 'no-cors' }],
    ['from another page', { referer: 'https://evil.example.com/oauth/authorize' }],
    ['without the secret', { 'x-csrf-token': '' }],
    ['with another secret', { 'x-csrf-token': 'f'.repeat(24) }],
  ])('is done for no request %s', async (_, headers) => {
    const tab = browser()
    await tab.open(await app.client.authorize(alice.handle))
    const credentials = { locale: 'en', username: alice.handle, password, remember: true }
    expect((await tab.press('/sign-in', credentials)).status).toBe(200)
    for (const [endpoint, body] of calls) {
      const { status } = await tab.press(endpoint, body, { headers })
      expect([endpoint, status]).toEqual([endpoint, 400])
    }
  })

  it('is not done for a form, which any site could send', async () => {
    const tab = browser()
    await tab.open(await app.client.authorize(alice.handle))
    const headers = { 'content-type': 'text/plain' }
    for (const [endpoint, body] of calls.filter(([, body]) => body !== undefined)) {
      const { status } = await tab.press(endpoint, body, { headers })
      expect([endpoint, status]).toEqual([endpoint, 415])
    }
  })

  it('is done for who has signed in for this request, in this browser', async () => {
    const [tab, other] = [browser(), browser()]
    await tab.open(await app.client.authorize(alice.handle))
    const credentials = { locale: 'en', username: alice.handle, password }
    const { body } = await tab.press<{ ephemeralToken: string }>('/sign-in', credentials)
    const as = body.ephemeralToken
    await other.open(await app.client.authorize(alice.handle))
    const outcome = async (of: Browser, how = {}) => {
      const { body } = await of.press<{ url: string }>('/consent', { did }, how)
      const sent = redirected(body.url)
      return sent.get('error') ?? sent.get('code')
    }
    expect(await outcome(other, { as })).toBe('invalid_request')
    await other.open(await app.client.authorize(alice.handle))
    expect(await outcome(other)).toBe('invalid_request')
    const own = tab.page
    await tab.open(await app.client.authorize(alice.handle))
    expect(await outcome(tab, { as })).toBe('invalid_request')
    tab.page = own
    expect(await outcome(tab, { as })).toMatch(/^cod-/)
  })
})

it('an assertion of one app opens no door for another', async () => {
  const mine = await confidentialApp(world, 'mine.example.com')
  const theirs = await confidentialApp(world, 'theirs.example.com')
  const jwt = await assertion(world, mine)
  const more = { client_id: theirs.clientId, redirect_uri: theirs.redirectUri, ...asserted(jwt) }
  expect(await push(more)).toEqual([400, 'invalid_client'])
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unavailable } from '#src/errors.ts'
import { AUTHORIZATION_SHARDS } from '#src/gateway/oauth/shards.ts'
import { type App, ProviderPageClient, redirectParams } from '#tests/support/oauth-client.ts'
import { authorizationRequests, post, publicClient } from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

const alice = { handle: 'alice.test', password }

let fixture: OAuthFixture
let app: App
beforeAll(async () => {
  fixture = await openOAuthFixture()
  app = await publicClient(fixture, 'app.example.com')
}, 20_000)
afterAll(() => fixture?.close())

const browser = (headers = {}) => new ProviderPageClient(fixture.url, headers)

describe('page calls', () => {
  /** Every call of the pages, with a valid body. */
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
  ])('a page call is rejected for a request %s', async (_, headers) => {
    const tab = browser()
    await tab.open(await app.client.authorize(alice.handle))
    const credentials = { locale: 'en', username: alice.handle, password, remember: true }
    expect((await tab.callApi('/sign-in', credentials)).status).toBe(200)
    for (const [endpoint, body] of calls) {
      const { status } = await tab.callApi(endpoint, body, { headers })
      expect([endpoint, status]).toEqual([endpoint, 400])
    }
  })

  it('a page call is rejected for a form, which any site could send', async () => {
    const tab = browser()
    await tab.open(await app.client.authorize(alice.handle))
    const headers = { 'content-type': 'text/plain' }
    for (const [endpoint, body] of calls.filter(([, body]) => body !== undefined)) {
      const { status } = await tab.callApi(endpoint, body, { headers })
      expect([endpoint, status]).toEqual([endpoint, 415])
    }
  })

  it('a page call requires a sign-in for this request, in this browser', async () => {
    const [tab, other] = [browser(), browser()]
    await tab.open(await app.client.authorize(alice.handle))
    const credentials = { locale: 'en', username: alice.handle, password }
    const { body } = await tab.callApi<{ ephemeralToken: string }>('/sign-in', credentials)
    const as = body.ephemeralToken
    await other.open(await app.client.authorize(alice.handle))
    const outcome = async (of: ProviderPageClient, how = {}) => {
      const { body } = await of.callApi<{ url: string }>('/consent', { did }, how)
      const sent = redirectParams(body.url)
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

it('a full shard refuses a pushed request with a time to wait, and wakes no operator', async () => {
  const { validParameters } = authorizationRequests(fixture, app)
  fixture.failingActions.set('requests.create', unavailable('full'))
  const { status, error, headers } = await post(fixture, '/oauth/par', validParameters())
  fixture.failingActions.clear()
  expect([status, error, headers.get('retry-after')]).toEqual([
    503,
    'temporarily_unavailable',
    '60',
  ])
  expect(fixture.errors).toEqual([])
})

it('a page of a new browser is sent only once that browser is stored', async () => {
  const url = await app.client.authorize(alice.handle)
  fixture.failingActions.set('devices.create', new Error('the engine is away'))
  expect((await browser().open(url)).status).not.toBe(200)
  expect((await browser().open(`${fixture.url}/account/sign-in`)).status).not.toBe(200)
  fixture.failingActions.clear()
  expect((await browser().open(`${fixture.url}/account/sign-in`)).status).toBe(200)
})

// Last, because it leaves no room for the address of all tests.
it('an address that takes too much of the shards is refused with the time that they name', async () => {
  const { validParameters } = authorizationRequests(fixture, app)
  const url = await app.client.authorize(alice.handle)
  fixture.errors.length = 0
  for (let n = 0; n < AUTHORIZATION_SHARDS; n++) {
    for (const share of Object.values(fixture.shard(String(n)).shares)) {
      const fill = () => {
        for (;;) share.add('203.0.113.7', Date.now())
      }
      expect(fill).toThrow('Too many requests from your address')
    }
  }
  const { status, error, headers } = await post(fixture, '/oauth/par', validParameters())
  expect([status, error, headers.get('retry-after')]).toEqual([
    ...[429, 'temporarily_unavailable', expect.stringMatching(/^[23]\d\d$/)],
  ])
  const page = await browser().open(`${fixture.url}/account/sign-in`)
  expect([page.status, page.headers['retry-after']]).toEqual([
    ...[429, expect.stringMatching(/^3\d\d\d$/)],
  ])
  const toApp = await browser().open(url)
  expect(redirectParams(String(toApp.headers['location'])).get('error')).toBe(
    'temporarily_unavailable',
  )
  expect(fixture.errors).toEqual([])
})

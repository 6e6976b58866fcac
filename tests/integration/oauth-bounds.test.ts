import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { unavailable } from '#src/errors.ts'
import {
  type App,
  authorize,
  ProviderPageClient,
  redirectParams,
  type SignedIn,
} from '#tests/support/oauth-client.ts'
import {
  authorizationRequests,
  pkceChallenge,
  post,
  publicClient,
  publishClientMetadata,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'

const alice = { handle: 'alice.test', password }

let fixture: OAuthFixture
let app: App
beforeAll(async () => {
  fixture = await openOAuthFixture()
  app = await publicClient(fixture, 'app.example.com')
}, 20_000)
afterAll(() => fixture?.close())
afterEach(() => {
  fixture.failingActions.clear()
})

const many = (count: number, name = 'n') => Array.from({ length: count }, (_, n) => `${name}${n}`)
const push = (more: Record<string, string>, path = '/oauth/par') =>
  post(fixture, path, { ...authorizationRequests(fixture, app).validParameters(), ...more })

describe('client metadata', () => {
  it.each([
    ['scopes', { scope: `atproto ${many(1000).join(' ')}` }, 'more than 1000 scopes'],
    ['keys', { jwks: { keys: many(33) } }, 'more than 32 keys'],
    ['redirect URIs', { redirect_uris: many(101) }, 'an array of more than 100 items'],
    ['bytes', { client_name: 'x'.repeat(65_536) }, 'The response is longer than 65536 bytes'],
  ])('client metadata with too many %s is refused with the reason', async (name, more, why) => {
    const host = `many-${name.replace(' ', '-').toLowerCase()}.example.com`
    const { clientId } = await publishClientMetadata(fixture, host, more)
    const answer = await push({ client_id: clientId })
    expect([answer.status, answer.error, answer.why]).toEqual([
      400,
      'invalid_client_metadata',
      `The document at ${clientId} is not accepted: ${why}`,
    ])
  })

  it('a key set of a client with too many keys is refused with the reason', async () => {
    const jwksUri = 'https://keys.example.com/jwks.json'
    const keys = { jwks: undefined, jwks_uri: jwksUri }
    const { clientId } = await publishClientMetadata(fixture, 'key-set.example.com', keys)
    fixture.documents.set(jwksUri, { keys: many(33) })
    const { status, error, why } = await push({ client_id: clientId })
    expect([status, error]).toEqual([400, 'invalid_client_metadata'])
    expect(why).toBe(`The document at ${jwksUri} is not accepted: more than 32 keys`)
  })

  it('a pushed request is refused with a time to wait if too much client metadata is being fetched', async () => {
    fixture.beforeFetch = () => Promise.reject(unavailable('busy'))
    const answer = await push({ client_id: 'https://busy.example.com/client-metadata.json' })
    fixture.beforeFetch = undefined
    expect([answer.status, answer.error, answer.why, answer.headers.get('retry-after')]).toEqual([
      ...[503, 'temporarily_unavailable'],
      ...['busy', '60'],
    ])
  })

  it('the metadata of 16 clients is fetched at once for one address, and the rest waits', async () => {
    const gate = Promise.withResolvers<void>()
    fixture.beforeFetch = () => gate.promise
    fixture.fetchedUrls.length = 0
    const pushes = many(18).map((name) =>
      push({ client_id: `https://${name}.example.com/client-metadata.json` }),
    )
    await expect.poll(() => fixture.fetchedUrls.length).toBe(16)
    await new Promise(setImmediate)
    const begun = fixture.fetchedUrls.length
    fixture.beforeFetch = undefined
    gate.resolve()
    await Promise.all(pushes)
    expect([begun, fixture.fetchedUrls.length]).toEqual([16, 18])
  })

  it('the description of an error has at most 1,000 characters', async () => {
    const wrong = { redirect_uris: many(100) }
    const { clientId } = await publishClientMetadata(fixture, 'wrong.example.com', wrong)
    const { status, error, why } = await push({ client_id: clientId })
    expect([status, error, why?.length]).toEqual([400, 'invalid_client_metadata', 1000])
    expect(why).toMatch(/redirect_uris\.0.*…$/)
  })
})

describe('an OAuth request', () => {
  const claims = JSON.stringify({ userinfo: Object.fromEntries(many(300).map((n) => [n, 0])) })

  it.each(['/oauth/par', '/oauth/par?x=1', '/oauth/x/../par', '/oauth/token', '/oauth/revoke'])(
    'a request to %s with too many parameters is rejected before they are validated',
    async (path) => {
      const { status, error, why } = await push({ claims, token: 'x' }, path)
      expect([status, error]).toEqual([400, 'invalid_request'])
      expect(why).toBe('The request has more than 200 values')
    },
  )

  it.each(['/oauth/par', '/oauth/token', '/oauth/revoke', '/oauth/introspect'])(
    'a request to %s with a long client id is rejected',
    async (path) => {
      const scope = `atproto ${many(2000).join(' ')}`
      const clientId = `http://localhost?${new URLSearchParams({ scope })}`
      const { status, why } = await post(fixture, path, { client_id: clientId, token: 'x' })
      expect([status, why]).toEqual([400, 'The client_id is too long'])
    },
  )

  it('a compressed request is bounded by its size when it is decompressed', async () => {
    const form = new URLSearchParams({ client_id: app.clientId, state: 'x'.repeat(50_000) })
    const compressed = new Blob([form.toString()])
      .stream()
      .pipeThrough(new CompressionStream('gzip'))
    const type = 'application/x-www-form-urlencoded'
    const response = await fetch(`${fixture.url}/oauth/par`, {
      method: 'POST',
      headers: { 'content-type': type, 'content-encoding': 'gzip' },
      body: await new Response(compressed).arrayBuffer(),
    })
    expect(response.status).toBe(413)
  })

  it('a pushed request has at most 20 permission sets, of which more are not looked up', async () => {
    const ask = (count: number) => {
      const scope = `atproto ${many(count, 'include:com.example.n').join(' ')}`
      const query = { redirect_uri: 'http://127.0.0.1/', scope }
      return post(fixture, '/oauth/par', {
        client_id: `http://localhost?${new URLSearchParams(query)}`,
        ...{ response_type: 'code', state: 'one', ...query, ...pkceChallenge },
      })
    }
    fixture.failingActions.set('lexicons.find', new Error('looked up'))
    const { status, error, why } = await ask(21)
    expect([status, error]).toEqual([400, 'invalid_scope'])
    expect(why).toBe('The request has more than 20 permission sets (include)')
    expect((await ask(20)).status).toBe(500)
    fixture.errors.length = 0
  })
})

describe('a repeated consent', () => {
  async function signedIn() {
    const tab = new ProviderPageClient(fixture.url)
    await tab.open(await app.client.authorize(alice.handle))
    const credentials = { locale: 'en', username: alice.handle, password, remember: false }
    const { body } = await tab.callApi<SignedIn>('/sign-in', credentials)
    const as = { as: body.ephemeralToken }
    const did = body.account.did
    const send = () => tab.callApi<{ url: string }>('/consent', { did }, as)
    const consent = async () => redirectParams((await send()).body.url)
    return { tab, send, consent, reject: () => tab.callApi('/reject', {}, as) }
  }

  it('several consents at once give one code, which the app can exchange', async () => {
    const { consent } = await signedIn()
    const sent = await Promise.all([consent(), consent(), consent()])
    const codes = new Set(sent.map((params) => params.get('code')))
    expect([...codes]).toEqual([expect.stringMatching(/^cod-[0-9a-f]{64}$/)])
    expect((await app.client.callback(sent[0]!)).session.did).toMatch(/^did:/)
    expect(fixture.errors).toEqual([])
  })

  it('a consent whose answer was lost is repeated with the same answer', async () => {
    const { send, consent } = await signedIn()
    const first = await consent()
    const second = await consent()
    expect(Object.fromEntries(second)).toEqual(Object.fromEntries(first))
    expect((await app.client.callback(second)).session.did).toMatch(/^did:/)
    // The code was exchanged.
    expect(await send()).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  it('a code stays valid if the page of its request is opened again, or its request is rejected', async () => {
    const { tab, consent, reject } = await signedIn()
    const first = await consent()
    expect((await tab.open(tab.page)).status).toBe(400)
    expect((await new ProviderPageClient(fixture.url).open(tab.page)).status).toBe(400)
    await reject()
    expect((await app.client.callback(first)).session.did).toMatch(/^did:/)
  })

  it('each request has its own code', async () => {
    const codes = []
    for (let n = 0; n < 2; n++) {
      const browser = new ProviderPageClient(fixture.url)
      codes.push((await authorize(app, { ...alice, browser })).get('code'))
    }
    expect(new Set(codes).size).toBe(2)
  })
})

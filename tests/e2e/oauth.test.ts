import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getSessionPath, type OAuthServer, startOAuthServer } from '#tests/support/oauth-server.ts'
import { createTestAccount, type TestAccount, type TestServer } from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const createRecord = '/xrpc/com.atproto.repo.createRecord'
const likes = 'app.bsky.feed.like'
const cid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

let fixture: OAuthServer
let server: TestServer
let alice: TestAccount
let bob: TestAccount
beforeAll(async () => {
  fixture = await startOAuthServer()
  ;({ server, alice } = fixture)
  bob = await createTestAccount(server, 'bob')
})
afterAll(() => server?.remove())

let sharedSession: ReturnType<OAuthServer['signIn']> | undefined

/** One session for all tests that do not change it. */
function shared() {
  sharedSession ??= fixture.signIn('atproto transition:generic transition:email')
  return sharedSession
}

const record = (text: string, repo = alice.did) => ({
  repo,
  collection: 'app.bsky.feed.post',
  record: { $type: 'app.bsky.feed.post', text, createdAt: new Date().toISOString() },
})

const posted = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

describe('metadata', () => {
  it('the protected resource metadata names the server as its own authorization server', async () => {
    const { body, headers } = await call(server, '/.well-known/oauth-protected-resource')
    expect(body).toEqual({
      resource: server.url,
      authorization_servers: [server.url],
      scopes_supported: [],
      bearer_methods_supported: ['header'],
      resource_documentation: 'https://atproto.com',
    })
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  it('the authorization server metadata names its endpoints', async () => {
    const { body, headers } = await call(server, '/.well-known/oauth-authorization-server')
    expect(body).toMatchObject({
      issuer: server.url,
      pushed_authorization_request_endpoint: `${server.url}/oauth/par`,
      require_pushed_authorization_requests: true,
      token_endpoint: `${server.url}/oauth/token`,
      revocation_endpoint: `${server.url}/oauth/revoke`,
      introspection_endpoint: `${server.url}/oauth/introspect`,
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      protected_resources: [server.url],
    })
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect((await call(server, '/oauth/jwks')).body).toEqual({ keys: [] })
  })

  it('/.well-known/change-password redirects to the page for it', async () => {
    const response = await fetch(`${server.url}/.well-known/change-password`, {
      redirect: 'manual',
    })
    expect(response.headers.get('location')).toBe(`${server.url}/account/reset-password`)
  })

  it('OAuth endpoints allow every origin, and pages cannot be framed', async () => {
    const preflight = await fetch(`${server.url}/oauth/token`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toBe('Content-Type,DPoP')
    const url = await fixture.clientWithScope('atproto').client.authorize(alice.handle)
    const { headers, text } = await fixture.pageClient().open(url)
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['cache-control']).toBe('no-store')
    expect(text).toMatch(/<form[^>]* method="post"/)
  })

  it('unknown provider pages answer 404', async () => {
    expect(await statusAndError(call(server, '/oauth/nothing'))).toEqual([404, 'NotFound'])
  })
})

describe('an app', () => {
  it('an app acts for the account within its scope', async () => {
    const { session } = await fixture.signIn('atproto transition:generic')
    const answer = await session.fetchHandler(createRecord, posted(record('by an app')))
    expect(answer.status).toBe(200)
    const own = await session.fetchHandler(getSessionPath)
    expect(own.headers.get('dpop-nonce')).toMatch(/\S/)
    expect(await own.json()).toEqual({ did: alice.did, handle: alice.handle, active: true })
    expect((await session.getTokenInfo()).scope).toBe('atproto transition:generic')
    const other = await session.fetchHandler(createRecord, posted(record('for bob', bob.did)))
    expect(other.status).toBe(401)
  })

  it.each([
    ['atproto', createRecord, 'repo:app.bsky.feed.post?action=create'],
    ['atproto repo:app.bsky.feed.like', createRecord, 'repo:app.bsky.feed.post?action=create'],
  ])(
    'an app with the scope %s gets the missing scope in the error',
    async (scope, method, missing) => {
      const { session } = await fixture.signIn(scope)
      const answer = await session.fetchHandler(method, posted(record('never')))
      const message = `Missing required scope "${missing}"`
      expect([answer.status, await answer.json()]).toEqual([
        403,
        { error: 'ScopeMissingError', message },
      ])
      expect(answer.headers.get('www-authenticate')).toBe(
        `DPoP error="insufficient_scope", scope="${missing}"`,
      )
    },
  )

  it('an app writes only to the collections and with the actions in its scope', async () => {
    const { session } = await fixture.signIn(`atproto repo:${likes}?action=create blob:image/*`)
    const like = {
      repo: alice.did,
      collection: likes,
      record: {
        $type: likes,
        subject: { uri: `at://${bob.did}/app.bsky.feed.post/3k2akfdlvns2q`, cid },
        createdAt: new Date().toISOString(),
      },
    }
    const made = await session.fetchHandler(createRecord, posted(like))
    expect(made.status).toBe(200)
    const { uri } = (await made.json()) as { uri: string }
    const rkey = uri.split('/').at(-1)
    const refused = async (method: string, body: object) => {
      const answer = await session.fetchHandler(`/xrpc/com.atproto.repo.${method}`, posted(body))
      return ((await answer.json()) as { error?: string }).error
    }
    const write = (action: string, collection: string) => ({
      $type: `com.atproto.repo.applyWrites#${action}`,
      ...{ collection, rkey, value: like.record },
    })
    const { repo } = like
    expect(await refused('deleteRecord', { repo, collection: likes, rkey })).toBe(
      'ScopeMissingError',
    )
    expect(await refused('putRecord', { ...like, rkey })).toBe('ScopeMissingError')
    const both = [write('create', likes), write('delete', likes)]
    expect(await refused('applyWrites', { repo, writes: both })).toBe('ScopeMissingError')
    const blob = (type: string) =>
      session.fetchHandler('/xrpc/com.atproto.repo.uploadBlob', {
        method: 'POST',
        headers: { 'content-type': type },
        body: new Uint8Array([1, 2, 3]),
      })
    expect((await blob('image/png')).status).toBe(200)
    expect((await blob('video/mp4')).status).toBe(403)
  })

  it('an app sees the email only with the email scope', async () => {
    const { session } = await fixture.signIn('atproto transition:email')
    expect(await (await session.fetchHandler(getSessionPath)).json()).toMatchObject({
      email: 'alice@example.com',
    })
  })

  it.each([
    'server.createAppPassword',
    'server.deactivateAccount',
    'server.activateAccount',
    'server.requestAccountDelete',
    'server.updateEmail',
    'identity.updateHandle',
    'identity.signPlcOperation',
  ])('an app may not call %s, with any transition scope', async (method) => {
    const { session } = await shared()
    const body = { name: 'x', email: 'mallory@example.com', handle: 'mallory.test' }
    const answer = await session.fetchHandler(`/xrpc/com.atproto.${method}`, posted(body))
    expect(answer.status).toBe(403)
  })

  it('an app gets only the part of its scope that the user consented to', async () => {
    const all = `atproto repo:${likes} repo:app.bsky.feed.post`
    const { session } = await fixture.signIn(all, `atproto repo:${likes} account:email`)
    expect((await session.getTokenInfo()).scope).toBe(`atproto repo:${likes}`)
    const answer = await session.fetchHandler(createRecord, posted(record('left out')))
    expect(answer.status).toBe(403)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, failure } from '#tests/helpers/call.ts'
import {
  type App,
  authorize,
  Browser,
  boundRequest,
  loopbackApp,
  signIn,
} from '#tests/helpers/oauth.ts'
import { freePort } from '#tests/helpers/processes.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/helpers/server.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const getSession = '/xrpc/com.atproto.server.getSession'
const createRecord = '/xrpc/com.atproto.repo.createRecord'
const likes = 'app.bsky.feed.like'

let server: TestServer
let plcUrl: string
let alice: TestAccount
let bob: TestAccount
beforeAll(async () => {
  const plcPort = await freePort()
  plcUrl = `http://localhost:${plcPort}`
  server = await startServer({ env: { PDS_DEV_PLC_PORT: String(plcPort), LOG_LEVEL: 'debug' } })
  alice = await createTestAccount(server, 'alice')
  bob = await createTestAccount(server, 'bob')
})
afterAll(() => server?.remove())

function appWith(scope: string): App {
  return loopbackApp({ scope, plcUrl, url: server.url })
}

/** Alice signs in to a new app, in a new browser. */
async function signedIn(scope: string, consent?: string) {
  const app = appWith(scope)
  const browser = new Browser(server.url)
  const wish = consent === undefined ? {} : { consent }
  const session = await signIn(app, { ...alice, browser, ...wish })
  return { app, browser, session, saved: app.sessions.get(alice.did)! }
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

describe('what the server says of itself', () => {
  it('names itself as its own authorization server', async () => {
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

  it('describes its endpoints', async () => {
    const { body, headers } = await call(server, '/.well-known/oauth-authorization-server')
    expect(body).toMatchObject({
      issuer: server.url,
      pushed_authorization_request_endpoint: `${server.url}/oauth/par`,
      require_pushed_authorization_requests: true,
      token_endpoint: `${server.url}/oauth/token`,
      revocation_endpoint: `${server.url}/oauth/revoke`,
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      protected_resources: [server.url],
    })
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect((await call(server, '/oauth/jwks')).body).toEqual({ keys: [] })
  })

  it('sends who wants another password to the page for it', async () => {
    const response = await fetch(`${server.url}/.well-known/change-password`, {
      redirect: 'manual',
    })
    expect(response.headers.get('location')).toBe(`${server.url}/account/reset-password`)
  })

  it('lets pages of other origins call its endpoints, and none show its own in a frame', async () => {
    const preflight = await fetch(`${server.url}/oauth/token`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toBe('Content-Type,DPoP')
    const url = await appWith('atproto').client.authorize(alice.handle)
    const { headers, text } = await new Browser(server.url).open(url)
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['cache-control']).toBe('no-store')
    expect(text).toContain('<div id="root">')
  })

  it('answers 404 where it has no such page', async () => {
    expect(await failure(call(server, '/oauth/nothing'))).toEqual([404, 'NotFound'])
  })
})

describe('an app that a user signs in to', () => {
  it('acts for the account, as far as that was allowed', async () => {
    const { session } = await signedIn('atproto transition:generic')
    const answer = await session.fetchHandler(createRecord, posted(record('by an app')))
    expect(answer.status).toBe(200)
    const own = await session.fetchHandler(getSession)
    expect(own.headers.get('dpop-nonce')).toMatch(/\S/)
    expect(await own.json()).toEqual({ did: alice.did, handle: alice.handle, active: true })
    expect((await session.getTokenInfo()).scope).toBe('atproto transition:generic')
    const other = await session.fetchHandler(createRecord, posted(record('for bob', bob.did)))
    expect(other.status).toBe(401)
  })

  it.each([
    ['atproto', createRecord, 'repo:app.bsky.feed.post?action=create'],
    ['atproto repo:app.bsky.feed.like', createRecord, 'repo:app.bsky.feed.post?action=create'],
  ])('with the scope %s hears what it lacks', async (scope, method, missing) => {
    const { session } = await signedIn(scope)
    const answer = await session.fetchHandler(method, posted(record('never')))
    const message = `Missing required scope "${missing}"`
    expect([answer.status, await answer.json()]).toEqual([403, { error: 'ScopeMissingError', message }])
    expect(answer.headers.get('www-authenticate')).toBe(
      `DPoP error="insufficient_scope", scope="${missing}"`,
    )
  })

  it('writes to the collections that it may, in the ways that it may', async () => {
    const { session } = await signedIn(`atproto repo:${likes}?action=create blob:image/*`)
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
    expect(await refused('deleteRecord', { repo, collection: likes, rkey })).toBe('ScopeMissingError')
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

  it('sees the email only where its owner let it', async () => {
    const { session } = await signedIn('atproto transition:email')
    expect(await (await session.fetchHandler(getSession)).json()).toMatchObject({
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
  ])('may not call %s, whatever transition scope it has', async (method) => {
    const { session } = await shared()
    const body = { name: 'x', email: 'mallory@example.com', handle: 'mallory.test' }
    const answer = await session.fetchHandler(`/xrpc/com.atproto.${method}`, posted(body))
    expect(answer.status).toBe(403)
  })

  it('is given no more than its user leaves of what it asks for', async () => {
    const all = `atproto repo:${likes} repo:app.bsky.feed.post`
    const { session } = await signedIn(all, `atproto repo:${likes} account:email`)
    expect((await session.getTokenInfo()).scope).toBe(`atproto repo:${likes}`)
    const answer = await session.fetchHandler(createRecord, posted(record('left out')))
    expect(answer.status).toBe(403)
  })
})

const cid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

let sharedSession: ReturnType<typeof signedIn> | undefined
function shared() {
  sharedSession ??= signedIn('atproto transition:generic transition:email transition:chat.bsky')
  return sharedSession
}

describe('a token', () => {
  it('is refreshed, and the one before is good no more', async () => {
    const { app, session, saved } = await signedIn('atproto')
    const before = saved.tokenSet
    await session.getTokenInfo(true)
    const after = app.sessions.get(alice.did)!
    expect(after.tokenSet.refresh_token).not.toBe(before.refresh_token)
    expect((await session.fetchHandler(getSession)).status).toBe(200)
    const old = await used({ ...saved, tokenSet: before })
    expect([old.status, old.error]).toEqual([401, 'invalid_token'])
  })

  it('ends with its whole session when a refresh token is used twice', async () => {
    const { app, session, saved } = await signedIn('atproto')
    const stolen = structuredClone(saved)
    await session.getTokenInfo(true)
    const fresh = structuredClone(app.sessions.get(alice.did)!)
    app.sessions.set(alice.did, stolen)
    const thief = await app.client.restore(alice.did, false)
    await expect(thief.getTokenInfo(true)).rejects.toThrow(/Refresh token replayed/)
    expect((await used(fresh)).error).toBe('invalid_token')
  })

  it('ends at once when the app signs out', async () => {
    const { session, saved } = await signedIn('atproto')
    expect((await used(saved)).status).toBe(200)
    await session.signOut()
    expect(await used(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
  })

  it('ends at once when its user takes it back on the account page', async () => {
    const { saved, app } = await signedIn('atproto')
    const browser = await atAccountPage()
    const { did } = alice
    const list = () =>
      browser.press<{ tokenId: string; clientId: string }[]>(`/oauth-sessions?did=${did}`)
    const { body } = await list()
    const { tokenId } = body.find(({ clientId }) => clientId === app.clientId)!
    expect((await browser.press('/revoke-oauth-session', { did, tokenId })).status).toBe(200)
    expect(await used(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
    expect((await list()).body.map((one) => one.tokenId)).not.toContain(tokenId)
  })

  it('ends when the account is taken down, and does not come back with it', async () => {
    const app = appWith('atproto')
    await signIn(app, { ...bob, browser: new Browser(server.url) })
    const saved = app.sessions.get(bob.did)!
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: bob.did }
    const setTakedown = (applied: boolean) =>
      call(server, 'admin.updateSubjectStatus', {
        as: admin,
        body: { subject, takedown: { applied, ref: 'one' } },
      })
    expect((await setTakedown(true)).status).toBe(200)
    expect(await used(saved)).toMatchObject({ status: 401, error: 'AccountTakedown' })
    const { handle: username, password } = bob
    expect(await press({}, { username, password })).toEqual([400, 'Account was taken down'])
    await setTakedown(false)
    expect(await used(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
  })

  it('is no session: as a bearer token, or for another account, it is worth nothing', async () => {
    const { saved } = await shared()
    const as = `Bearer ${saved.tokenSet.access_token}`
    expect(await failure(call(server, 'server.getSession', { as }))).toEqual([400, 'InvalidToken'])
    const session = alice.agent.session!.accessJwt
    const tokenSet = { ...saved.tokenSet, access_token: session }
    expect((await used({ ...saved, tokenSet })).error).toBe('invalid_token')
  })
})

type Saved = Awaited<ReturnType<typeof signedIn>>['saved']

let nonce: string | undefined

/** A call with the token and a fresh proof. */
async function used(saved: Saved, claims: Parameters<typeof boundRequest>[2] = {}) {
  const url = `${server.url}${getSession}`
  nonce ??= (await boundRequest(url, saved)).headers.get('dpop-nonce')!
  return boundRequest(url, saved, { nonce, ...claims })
}

async function atAccountPage() {
  const browser = new Browser(server.url)
  await browser.open(`${server.url}/account`)
  const { handle: username, password } = alice
  const credentials = { locale: 'en', username, password, remember: true }
  expect((await browser.press('/sign-in', credentials)).status).toBe(200)
  return browser
}

describe('a proof', () => {
  it('must name a nonce of the server, which it is told', async () => {
    const { saved } = await shared()
    const answer = await used(saved, { nonce: undefined })
    expect(answer).toMatchObject({ status: 401, error: 'use_dpop_nonce' })
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP .*error="use_dpop_nonce"/)
    expect(answer.headers.get('dpop-nonce')).toMatch(/\S/)
    const exposed = answer.headers.get('access-control-expose-headers')
    expect(exposed).toMatch(/DPoP-Nonce.*WWW-Authenticate/)
  })

  it('is good once', async () => {
    const { saved } = await shared()
    const jti = 'the same every time'
    expect((await used(saved, { jti })).status).toBe(200)
    expect(await used(saved, { jti })).toMatchObject({ status: 401, message: 'DPoP proof replayed' })
  })

  it.each([
    ['another method', { htm: 'POST' }],
    ['another address', { htu: 'https://elsewhere.example.com/' }],
    ['another token', { token: 'another' }],
    ['another time', { iat: 1_700_000_000 }],
    ['a nonce of somebody else', { nonce: 'made up' }],
  ])('for %s is refused', async (_, claims) => {
    const { saved } = await shared()
    expect((await used(saved, claims)).status).toBe(401)
  })

  it('with another key is refused', async () => {
    const { saved } = await shared()
    const { saved: other } = await signedIn('atproto')
    expect((await used({ ...saved, dpopJwk: other.dpopJwk })).status).toBe(401)
  })
})

describe('a code', () => {
  it('is good once, and shown again it ends what it was exchanged for', async () => {
    const app = appWith('atproto')
    const options = { ...alice, browser: new Browser(server.url) }
    const params = await authorize(app, options)
    const state = params.get('state')!
    const kept = structuredClone(await app.states.get(state))
    await app.client.callback(params)
    const saved = structuredClone(app.sessions.get(alice.did)!)
    expect((await used(saved)).status).toBe(200)
    app.states.set(state, kept!)
    await expect(app.client.callback(params)).rejects.toThrow(/Invalid code/)
    expect((await used(saved)).error).toBe('invalid_token')
  })

  it('is not given to two consents of one request', async () => {
    const app = appWith('atproto')
    const browser = new Browser(server.url)
    await authorize(app, { ...alice, browser })
    const again = await browser.press('/consent', { did: alice.did })
    expect(JSON.stringify(again.body)).not.toContain('cod-')
  })
})

/** Somebody signs in on a fresh page; gives the status, and what is told. */
async function press(change: Parameters<Browser['press']>[2], body = {}) {
  const browser = new Browser(server.url)
  await browser.open(await appWith('atproto').client.authorize(alice.handle))
  const { handle: username, password } = alice
  const credentials = { locale: 'en', username, password, ...body }
  const { status, body: told } = await browser.press('/sign-in', credentials, change)
  return [status, told['error_description']]
}

describe('the sign-in page', () => {
  it('believes only its own form', async () => {
    const forged = 'f'.repeat(24)
    expect(await press({ headers: { 'x-csrf-token': forged } })).toEqual([400, 'CSRF mismatch'])
    const [status] = await press({ headers: { origin: 'https://elsewhere.example.com' } })
    expect(status).toBe(400)
    expect((await press({ headers: { referer: 'https://elsewhere.example.com/' } }))[0]).toBe(400)
  })

  it('takes the password of the account, and no other', async () => {
    const wrong = 'Invalid identifier or password'
    expect(await press({}, { password: 'not this one' })).toEqual([400, wrong])
    expect(await press({}, { username: 'nobody.test' })).toEqual([400, wrong])
    const { data } = await alice.agent.com.atproto.server.createAppPassword({ name: 'phone' })
    const refused = 'App passwords are not allowed'
    expect(await press({}, { password: data.password })).toEqual([400, refused])
  })

  it('takes no body beyond its bounds', async () => {
    const [status] = await press({}, { password: 'x'.repeat(200_000) })
    expect(status).toBe(413)
  })

  it('sends nobody anywhere that the app did not name', async () => {
    const { client } = appWith('atproto')
    const url = await client.authorize(alice.handle)
    url.searchParams.set('redirect_uri', 'https://elsewhere.example.com/')
    const { status, headers } = await new Browser(server.url).open(url)
    expect([status, headers['location']]).not.toContain('https://elsewhere.example.com/')
  })
})

it('no token, code or password is ever in the log', async () => {
  const { saved } = await shared()
  const { access_token, refresh_token } = saved.tokenSet
  expect(server.logs).not.toContain(access_token)
  expect(server.logs).not.toContain(refresh_token)
  expect(server.logs).not.toMatch(/cod-[0-9a-f]{16}|ref-[0-9a-f]{16}/)
  expect(server.logs).not.toContain(alice.password)
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  authorize,
  dpopProof,
  type ProviderPageClient,
  signIn,
} from '#tests/support/oauth-client.ts'
import { getSessionPath, type OAuthServer, startOAuthServer } from '#tests/support/oauth-server.ts'
import {
  adminPassword,
  createTestAccount,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

let fixture: OAuthServer
let server: TestServer
let alice: TestAccount
beforeAll(async () => {
  fixture = await startOAuthServer()
  ;({ server, alice } = fixture)
})
afterAll(() => server?.remove())

let sharedSession: ReturnType<OAuthServer['signIn']> | undefined

/** One session for all tests that do not change it. */
function shared() {
  sharedSession ??= fixture.signIn('atproto transition:generic transition:email')
  return sharedSession
}

describe('a token', () => {
  it('a refreshed token replaces the one before', async () => {
    const { app, session, saved } = await fixture.signIn('atproto')
    const before = saved.tokenSet
    await session.getTokenInfo(true)
    const after = app.sessions.get(alice.did)!
    expect(after.tokenSet.refresh_token).not.toBe(before.refresh_token)
    expect((await session.fetchHandler(getSessionPath)).status).toBe(200)
    const old = await fixture.getSession({ ...saved, tokenSet: before })
    expect([old.status, old.error]).toEqual([401, 'invalid_token'])
  })

  it('reuse of a refresh token ends the session', async () => {
    const { app, session, saved } = await fixture.signIn('atproto')
    const stolen = structuredClone(saved)
    await session.getTokenInfo(true)
    const fresh = structuredClone(app.sessions.get(alice.did)!)
    app.sessions.set(alice.did, stolen)
    const thief = await app.client.restore(alice.did, false)
    await expect(thief.getTokenInfo(true)).rejects.toThrow(/Refresh token replayed/)
    expect((await fixture.getSession(fresh)).error).toBe('invalid_token')
  })

  it('a token is revoked at once when the app signs out', async () => {
    const { session, saved } = await fixture.signIn('atproto')
    expect((await fixture.getSession(saved)).status).toBe(200)
    await session.signOut()
    expect(await fixture.getSession(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
  })

  it('a token is revoked at once on the account page', async () => {
    const { saved, app } = await fixture.signIn('atproto')
    const browser = await atAccountPage()
    const { did } = alice
    const list = () =>
      browser.callApi<{ tokenId: string; clientId: string }[]>(`/oauth-sessions?did=${did}`)
    const { body } = await list()
    const { tokenId } = body.find(({ clientId }) => clientId === app.clientId)!
    expect((await browser.callApi('/revoke-oauth-session', { did, tokenId })).status).toBe(200)
    expect(await fixture.getSession(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
    expect((await list()).body.map((one) => one.tokenId)).not.toContain(tokenId)
  })

  it('a token is revoked by a takedown, and stays so when that is reversed', async () => {
    const bob = await createTestAccount(server, 'bob')
    const app = fixture.clientWithScope('atproto')
    await signIn(app, { ...bob, browser: fixture.pageClient() })
    const saved = app.sessions.get(bob.did)!
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: bob.did }
    const setTakedown = (applied: boolean) =>
      call(server, 'admin.updateSubjectStatus', {
        as: admin,
        body: { subject, takedown: { applied, ref: 'one' } },
      })
    expect((await setTakedown(true)).status).toBe(200)
    expect(await fixture.getSession(saved)).toMatchObject({ status: 401, error: 'AccountTakedown' })
    const { handle: username, password } = bob
    expect(await fixture.trySignIn({}, { username, password })).toEqual([
      400,
      'Account was taken down',
    ])
    await setTakedown(false)
    expect(await fixture.getSession(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
  })

  it('a token and its refresh token are revoked by a new password', async () => {
    const carol = await createTestAccount(server, 'carol')
    const app = fixture.clientWithScope('atproto')
    const session = await signIn(app, { ...carol, browser: fixture.pageClient() })
    const saved = app.sessions.get(carol.did)!
    expect((await fixture.getSession(saved)).status).toBe(200)
    const body = { did: carol.did, password: 'another password' }
    expect((await call(server, 'admin.updateAccountPassword', { as: admin, body })).status).toBe(
      200,
    )
    expect(await fixture.getSession(saved)).toMatchObject({ status: 401, error: 'invalid_token' })
    await expect(session.getTokenInfo(true)).rejects.toThrow()
  })

  it('an app deactivates an account by its own scope, and cannot activate it', async () => {
    const dave = await createTestAccount(server, 'dave')
    await dave.agent.com.atproto.server.createAppPassword({ name: 'bot' })
    const signedIn = async (scope: string) =>
      signIn(fixture.clientWithScope(scope), { ...dave, browser: fixture.pageClient() })
    const [other, session] = [
      await signedIn('atproto transition:generic'),
      await signedIn('atproto account:status?action=manage'),
    ]
    const post = async (app: typeof session, name: string, body?: object) => {
      const path = `/xrpc/com.atproto.server.${name}`
      const headers = { 'content-type': 'application/json' }
      const sent = body && { headers, body: JSON.stringify(body) }
      return (await app.fetchHandler(path, { method: 'POST', ...sent })).status
    }
    expect(await post(session, 'activateAccount')).toBe(403)
    expect(await post(other, 'deactivateAccount', {})).toBe(403)
    expect(await post(session, 'deactivateAccount', {})).toBe(200)
    const status = await dave.agent.com.atproto.server.getSession()
    expect(status.data).toMatchObject({ active: false, status: 'deactivated' })
    const { data } = await dave.agent.com.atproto.server.listAppPasswords()
    expect(data.passwords).toEqual([])
    for (const app of [session, other]) await expect(app.getTokenInfo(true)).rejects.toThrow()
  })

  it('introspection describes a token to its app until it is revoked', async () => {
    const { app, session, saved } = await fixture.signIn('atproto')
    const { dpopJwk, tokenSet } = saved
    const url = `${server.url}/oauth/introspect`
    const ask = async (nonce?: string) => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { dpop: dpopProof(dpopJwk, { htm: 'POST', htu: url, nonce }) },
        body: new URLSearchParams({ token: tokenSet.access_token, client_id: app.clientId }),
      })
      return { headers: answer.headers, body: await answer.json() }
    }
    const answered = async () => (await ask((await ask()).headers.get('dpop-nonce')!)).body
    expect(await answered()).toMatchObject({ active: true, sub: alice.did, scope: 'atproto' })
    await session.signOut()
    expect(await answered()).toEqual({ active: false })
  })

  it('a token in the query string is ignored', async () => {
    const { saved } = await shared()
    const query = { access_token: saved.tokenSet.access_token }
    expect(await statusAndError(call(server, 'server.getSession', { query }))).toEqual([
      401,
      'AuthMissing',
    ])
  })

  it('an OAuth token is rejected as a Bearer token, and for another account', async () => {
    const { saved } = await shared()
    const as = `Bearer ${saved.tokenSet.access_token}`
    expect(await statusAndError(call(server, 'server.getSession', { as }))).toEqual([
      400,
      'InvalidToken',
    ])
    const session = alice.agent.session!.accessJwt
    const tokenSet = { ...saved.tokenSet, access_token: session }
    expect((await fixture.getSession({ ...saved, tokenSet })).error).toBe('invalid_token')
  })
})

async function atAccountPage(): Promise<ProviderPageClient> {
  const browser = fixture.pageClient()
  await browser.open(`${server.url}/account/sign-in`)
  const { handle: username, password } = alice
  const credentials = { locale: 'en', username, password, remember: true }
  expect((await browser.callApi('/sign-in', credentials)).status).toBe(200)
  return browser
}

describe('a proof', () => {
  it('a DPoP proof needs a nonce of the server, which is sent in the response', async () => {
    const { saved } = await shared()
    const answer = await fixture.getSession(saved, { nonce: undefined })
    expect(answer).toMatchObject({ status: 401, error: 'use_dpop_nonce' })
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP .*error="use_dpop_nonce"/)
    expect(answer.headers.get('dpop-nonce')).toMatch(/\S/)
    const exposed = answer.headers.get('access-control-expose-headers')
    expect(exposed).toMatch(/DPoP-Nonce.*WWW-Authenticate/)
  })

  it('a DPoP proof is accepted once', async () => {
    const { saved } = await shared()
    const jti = 'the same every time'
    expect((await fixture.getSession(saved, { jti })).status).toBe(200)
    expect(await fixture.getSession(saved, { jti })).toMatchObject({
      status: 401,
      message: 'DPoP proof replayed',
    })
  })

  it.each([
    ['another method', { htm: 'POST' }],
    ['another address', { htu: 'https://elsewhere.example.com/' }],
    ['another token', { token: 'another' }],
    ['another time', { iat: 1_700_000_000 }],
    ['an unknown nonce', { nonce: 'made up' }],
  ])('a DPoP proof for %s is rejected', async (_, claims) => {
    const { saved } = await shared()
    expect((await fixture.getSession(saved, claims)).status).toBe(401)
  })

  it('a DPoP proof with another key is rejected', async () => {
    const { saved } = await shared()
    const { saved: other } = await fixture.signIn('atproto')
    expect((await fixture.getSession({ ...saved, dpopJwk: other.dpopJwk })).status).toBe(401)
  })
})

describe('a code', () => {
  it('an authorization code is accepted once, and its reuse revokes the tokens it was exchanged for', async () => {
    const app = fixture.clientWithScope('atproto')
    const options = { ...alice, browser: fixture.pageClient() }
    const params = await authorize(app, options)
    const state = params.get('state')!
    const kept = structuredClone(await app.states.get(state))
    await app.client.callback(params)
    const saved = structuredClone(app.sessions.get(alice.did)!)
    expect((await fixture.getSession(saved)).status).toBe(200)
    app.states.set(state, kept!)
    await expect(app.client.callback(params)).rejects.toThrow(/Invalid code/)
    expect((await fixture.getSession(saved)).error).toBe('invalid_token')
  })

  it('an authorization request gets one code, for one consent', async () => {
    const app = fixture.clientWithScope('atproto')
    const browser = fixture.pageClient()
    await authorize(app, { ...alice, browser })
    const again = await browser.callApi('/consent', { did: alice.did })
    expect(JSON.stringify(again.body)).not.toContain('cod-')
  })
})

describe('the sign-in page', () => {
  it('the sign-in page accepts only requests of its own origin and CSRF token', async () => {
    const forged = 'f'.repeat(24)
    expect(await fixture.trySignIn({ headers: { 'x-csrf-token': forged } })).toEqual([
      400,
      'CSRF mismatch',
    ])
    const [status] = await fixture.trySignIn({
      headers: { origin: 'https://elsewhere.example.com' },
    })
    expect(status).toBe(400)
    expect(
      (await fixture.trySignIn({ headers: { referer: 'https://elsewhere.example.com/' } }))[0],
    ).toBe(400)
  })

  it('the sign-in page accepts the account password, and no app password', async () => {
    const wrong = 'Invalid identifier or password'
    expect(await fixture.trySignIn({}, { password: 'not this one' })).toEqual([400, wrong])
    expect(await fixture.trySignIn({}, { username: 'nobody.test' })).toEqual([400, wrong])
    const { data } = await alice.agent.com.atproto.server.createAppPassword({ name: 'phone' })
    const refused = 'App passwords are not allowed'
    expect(await fixture.trySignIn({}, { password: data.password })).toEqual([400, refused])
  })

  it('the sign-in page limits its body', async () => {
    const [status] = await fixture.trySignIn({}, { password: 'x'.repeat(200_000) })
    expect(status).toBe(413)
  })

  it("the sign-in page redirects only to the app's redirect URI", async () => {
    const { client } = fixture.clientWithScope('atproto')
    const url = await client.authorize(alice.handle)
    url.searchParams.set('redirect_uri', 'https://elsewhere.example.com/')
    const { status, headers } = await fixture.pageClient().open(url)
    expect([status, headers['location']]).not.toContain('https://elsewhere.example.com/')
  })
})

it('no token, code or password of a sign-in is in the log', async () => {
  const { saved } = await shared()
  const { access_token, refresh_token } = saved.tokenSet
  expect(server.logs).not.toContain(access_token)
  expect(server.logs).not.toContain(refresh_token)
  expect(server.logs).not.toMatch(/cod-[0-9a-f]{16}|ref-[0-9a-f]{16}/)
  expect(server.logs).not.toContain(alice.password)
})

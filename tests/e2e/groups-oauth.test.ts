/** Apps that sign in as a group: by members, with an OAuth client and pages that know nothing of groups. */
import { Agent } from '@atproto/api'
import type { OAuthSession } from '@atproto/oauth-client-node'
import { describe, expect, it } from 'vitest'
import { Authenticator } from '#tests/support/authenticator.ts'
import { groupClient, ok } from '#tests/support/group-client.ts'
import {
  type App,
  loopbackApp,
  ProviderPageClient,
  redirectParams,
} from '#tests/support/oauth-client.ts'
import { PageClient, signedInPageClient } from '#tests/support/page-client.ts'
import { freePort } from '#tests/support/processes.ts'
import { RealtimeClient } from '#tests/support/realtime-client.ts'
import { adminPassword, type TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { totpCode } from '#tests/support/totp-code.ts'
import { call } from '#tests/support/xrpc-call.ts'

const names = ['olga', 'eddie', 'vera', 'gus'] as const
const plcPort = await freePort()
const env = { PDS_DEV_PLC_PORT: String(plcPort) }
const { server, olga, eddie, vera, gus } = await serverWithAccounts(names, { env })
const { ask } = groupClient(server)
const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const collection = 'com.example.recipe'
const scope = `atproto repo:${collection} identity:handle`

const created = await ask(olga, 'create', {
  handle: 'cooks.test',
  members: [
    { did: eddie.did, role: 'editor' },
    { did: vera.did, role: 'viewer' },
  ],
})
const cooks = ok(created)['did'] as string

const newApp = () => loopbackApp({ scope, plcUrl: `http://localhost:${plcPort}`, url: server.url })

/** One browser, as the library's pages use it and as ours do. */
function newBrowser() {
  const browser = new ProviderPageClient(server.url)
  const pages = new PageClient(server.url, { 'user-agent': 'a browser of the tests' })
  Object.assign(pages, { cookies: browser.cookies })
  return { browser, pages }
}
type Browser = ReturnType<typeof newBrowser>

/** Opens the page of a request for the group; returns where it leads first, if it is not the page itself. */
async function open({ browser }: Browser, app: App): Promise<string | undefined> {
  const page = await browser.open(await app.client.authorize('cooks.test'))
  if (page.status === 200) return undefined
  expect(page.status).toBe(303)
  return String(page.headers['location'])
}

const signInPath = '/account/sign-in'
const signInOn = ({ pages }: Browser, { handle, password }: TestAccount) =>
  pages.do('sign-in', { identifier: handle, password })

async function consent({ browser }: Browser, app: App): Promise<OAuthSession> {
  const { body } = await browser.callApi<{ url: string }>('/consent', { did: cooks })
  return (await app.client.callback(redirectParams(body.url))).session
}

/** A new app in a new browser, signed in as the group by the member. */
async function signedIn(member: TestAccount) {
  const app = newApp()
  const browser = newBrowser()
  const page = await open(browser, app)
  await browser.pages.open(page!)
  await signInOn(browser, member)
  expect(await open(browser, app)).toBeUndefined()
  const session = await consent(browser, app)
  return { app, browser, session, agent: new Agent(session) }
}

function claimsOf(app: App): Record<string, unknown> {
  const [, claims] = app.sessions.get(cooks)!.tokenSet.access_token.split('.')
  return JSON.parse(Buffer.from(claims!, 'base64url').toString())
}

const write = (agent: Agent, name: string) =>
  agent.com.atproto.repo.createRecord({
    ...{ repo: cooks, collection, record: { $type: collection, name } },
  })

const setRole = async (who: TestAccount, role: string) =>
  ok(await ask(olga, 'updateMember', { account: cooks, did: who.did, role }))

async function auditOf(query: object): Promise<Record<string, string>[]> {
  const { entries } = ok(await ask(olga, 'getAuditLog', undefined, { account: cooks, ...query }))
  return entries as Record<string, string>[]
}

describe('an app signs in as a group', () => {
  it('on a browser on which a member signs in, with the scope that its role allows', async () => {
    const app = newApp()
    const browser = newBrowser()
    const location = await open(browser, app)
    expect(location).toMatch(/^\/account\/act-as\/cooks\.test\?next=%2Foauth%2Fauthorize%3F/)
    const page = await browser.pages.open(location!)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('cooks.test is shared')])
    const done = await signInOn(browser, eddie)
    expect(done.html).toContain('url=/oauth/authorize?')

    expect(await open(browser, app)).toBeUndefined()
    const session = await consent(browser, app)
    expect(session.did).toBe(cooks)
    const { tokenSet } = app.sessions.get(cooks)!
    expect(tokenSet.scope).toBe(`atproto repo:${collection}`)
    expect(claimsOf(app)).toMatchObject({ sub: cooks, act: { sub: eddie.did } })
    const { commit } = (await write(new Agent(session), 'soup')).data
    expect(await auditOf({ rev: commit!.rev })).toMatchObject([
      { actor: eddie.did, role: 'editor', action: 'repo.createRecord', client: app.clientId },
    ])
    expect(await auditOf({ action: 'app authorized' })).toMatchObject([
      { actor: eddie.did, target: app.clientId },
    ])
    const handle = new Agent(session).com.atproto.identity.updateHandle({ handle: 'x.test' })
    await expect(handle).rejects.toMatchObject({ status: 403 })
    expect((await session.getTokenInfo(true)).scope).toBe(`atproto repo:${collection}`)
    await write(new Agent(session), 'salad')
  })

  it('from the list of accounts, where the groups of those who are signed in are', async () => {
    const { browser } = newBrowser()
    const app = newApp()
    await browser.open(await app.client.authorize(vera.handle))
    const { handle: username, password } = vera
    await browser.callApi('/sign-in', { locale: 'en', username, password, remember: true })
    const sessions = await browser.callApi<{ account: object }[]>('/device-sessions')
    expect(sessions.body.map(({ account }) => account)).toMatchObject([
      { did: vera.did },
      { did: cooks, handle: 'cooks.test', name: `cooks.test (${vera.handle})` },
    ])
    const { body } = await browser.callApi<{ url: string }>('/consent', { did: cooks })
    const { session } = await app.client.callback(redirectParams(body.url))
    expect(session.did).toBe(cooks)
    await expect(write(new Agent(session), 'tea')).rejects.toMatchObject({ status: 403 })
  })

  it('by a member with an authenticator app, on our page', async () => {
    const security = '/account/security'
    const settings = await signedInPageClient(server.url, vera)
    const { html } = await settings.open(`${security}/totp`)
    const key = /<div class="secret">([A-Z2-7 ]+)</.exec(html)![1]!.replaceAll(' ', '')
    const code = (steps: number) => totpCode(key, Date.now() + steps * 30_000)
    await settings.submit(`${security}/totp`, { code: code(-1) })
    const browser = newBrowser()
    const app = newApp()
    await browser.pages.open((await open(browser, app))!)
    const step = await signInOn(browser, vera)
    expect(step.text).toContain('Confirm that it is you')
    expect(await open(browser, app)).toMatch(/^\/account\/act-as\//)
    const done = await browser.pages.do('step', { code: code(0) })
    expect(done.html).toContain('url=/oauth/authorize?')
    expect(await open(browser, app)).toBeUndefined()
    await settings.open(security)
    await settings.submit(`${security}/totp/remove`)
  })

  it('by a member with a passkey, on our page', async () => {
    const passkeys = '/account/security/passkeys'
    const settings = await signedInPageClient(server.url, vera)
    await settings.open('/account/security')
    const passkey = new Authenticator({ origin: server.url })
    const response = JSON.stringify(passkey.register(settings.form(passkeys).options))
    await settings.submit(passkeys, { name: 'phone', response })
    const browser = newBrowser()
    const app = newApp()
    await browser.pages.open((await open(browser, app))!)
    const answer = passkey.authenticate(browser.pages.passkeyOptions('passkey'))
    const userHandle = Buffer.from(vera.did).toString('base64url')
    const shown = { ...answer, response: { ...answer.response, userHandle } }
    const done = await browser.pages.do('passkey', { response: JSON.stringify(shown) })
    expect(done.html).toContain('url=/oauth/authorize?')
    expect(await open(browser, app)).toBeUndefined()
    await settings.open('/account/security')
    await settings.submit(`${passkeys}/remove`)
  })

  it('but not an account that is no member', async () => {
    const browser = newBrowser()
    const app = newApp()
    await browser.pages.open((await open(browser, app))!)
    await signInOn(browser, gus)
    const again = await browser.pages.open((await open(browser, app))!)
    expect(again.text).toContain('No account that is signed in here is a member of cooks.test')
    await browser.browser.open(await app.client.authorize(gus.handle))
    const { body } = await browser.browser.callApi<{ url: string }>('/consent', { did: cooks })
    expect(redirectParams(body.url).get('error')).toBe('invalid_request')
  })

  it('as the member that was chosen, if two are signed in', async () => {
    const browser = newBrowser()
    const pages = browser.pages
    for (const member of [vera, eddie]) {
      await pages.open(signInPath)
      await pages.open('/account/act-as/cooks.test')
      await signInOn(browser, member)
    }
    await pages.open('/account/act-as/cooks.test')
    expect(pages.page?.text).toMatch(/Continue as eddie\.test.*Continue as vera\.test/)
    const form = { member: vera.did }
    const done = await pages.submit('/account/act-as/cooks.test', form)
    expect([done.status, done.html]).toEqual([200, expect.stringContaining('url=/account"')])
    const app = newApp()
    expect(await open(browser, app)).toBeUndefined()
    await consent(browser, app)
    const { tokenSet } = app.sessions.get(cooks)!
    expect(tokenSet.scope).toBe('atproto')
    const [authorized] = await auditOf({ action: 'app authorized' })
    expect(authorized).toMatchObject({ actor: vera.did })
    const outsider = await pages.open('/account/act-as/eddie.test')
    expect(outsider.status).toBe(404)
  })
})

describe('the grant of a member', () => {
  it('is worth what its role is at each request', async () => {
    const { agent } = await signedIn(vera)
    await expect(write(agent, 'early')).rejects.toMatchObject({ status: 403 })
    await setRole(vera, 'editor')
    await write(agent, 'bread')
    await setRole(vera, 'viewer')
    await expect(write(agent, 'late')).rejects.toMatchObject({ status: 403 })
  })

  it('ends with the membership, and so does a realtime connection that it has opened', async () => {
    ok(await ask(olga, 'addMember', { account: cooks, did: gus.did, role: 'editor' }))
    const { agent, session } = await signedIn(gus)
    const made = await session.fetchHandler('/xrpc/dev.headwater.realtime.createTicket', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    })
    const { ticket } = (await made.json()) as { ticket: string }
    const realtime = new RealtimeClient(server.url, { ticket })
    await realtime.next('ready')
    await write(agent, 'pie')
    await realtime.next('commit', ({ collection: of }) => of === collection)
    ok(await ask(olga, 'removeMember', { account: cooks, did: gus.did }))
    await expect(write(agent, 'late')).rejects.toThrow()
    expect(await realtime.refusal()).toEqual(['NotAMember', 1008])
    ok(await ask(olga, 'addMember', { account: cooks, did: gus.did, role: 'editor' }))
    await expect(session.getTokenInfo(true)).rejects.toThrow()
    ok(await ask(olga, 'removeMember', { account: cooks, did: gus.did }))
  })

  it("is not refreshed after a new password of the member's own account", async () => {
    const { session } = await signedIn(eddie)
    const { did, password } = eddie
    await call(server, 'admin.updateAccountPassword', { as: admin, body: { did, password } })
    await expect(session.getTokenInfo(true)).rejects.toThrow()
  })
})

describe('the account page of a group', () => {
  it('lets a member do what its role has a scope for', async () => {
    const { browser } = (await signedIn(eddie)).browser
    browser.page = `${server.url}/account`
    const change = (endpoint: string, body: object) =>
      browser.callApi(endpoint, { did: cooks, ...body })
    for (const [endpoint, body] of [
      ['/update-handle', { handle: 'mine.test' }],
      ['/update-email-request', {}],
      ['/update-email-confirm', { email: 'mine@example.com' }],
      ['/verify-email-request', {}],
      ['/deactivate-account', {}],
      ['/delete-account-request', {}],
      ['/delete-account-confirm', { token: 'ABCDE-FGHIJ', password: eddie.password }],
    ] as const) {
      const refused = await change(endpoint, body)
      expect([endpoint, refused.status]).toEqual([endpoint, 403])
    }
    const apps = await browser.callApi<{ clientId: string; tokenId: string }[]>(
      `/oauth-sessions?did=${cooks}`,
    )
    expect(apps.body).toHaveLength(
      (await auditOf({ action: 'app authorized', actor: eddie.did })).length,
    )
    const [first] = apps.body
    const revoke = async (tokenId: string) =>
      (await change('/revoke-oauth-session', { tokenId })).status
    expect(await revoke(first!.tokenId)).toBe(200)
    expect(await auditOf({ action: 'oauth.removeGrant' })).toMatchObject([
      { actor: eddie.did, target: first!.clientId, client: 'account page' },
    ])
    const ofOlga = claimsOf((await signedIn(olga)).app)['jti'] as string
    expect(await revoke(ofOlga)).toBe(400)
    await setRole(eddie, 'owner')
    expect(await revoke(ofOlga)).toBe(200)
    const changed = await change('/update-handle', { handle: 'chefs.test' })
    expect(changed).toMatchObject({ status: 200, body: { account: { handle: 'chefs.test' } } })
    expect(await auditOf({ action: 'identity changed' })).toMatchObject([
      { actor: eddie.did, target: 'chefs.test', client: 'account page' },
    ])
    expect((await change('/update-email-request', {})).status).toBe(403)
  })
})

/** A member of a group whose home is another server: it signs in there, and acts here. */
import { Agent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, failed, groupClient, ok } from '#tests/support/group-client.ts'
import { loopbackApp, ProviderPageClient, redirectParams } from '#tests/support/oauth-client.ts'
import { PageClient } from '#tests/support/page-client.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { atLocalhost, signInAt, target } from '#tests/support/sign-in-elsewhere.ts'

let home: ResolvableServer
let here: TestServer
let bob: TestAccount
let eve: TestAccount
let olga: TestAccount
let cooks: string

beforeAll(async () => {
  home = await startResolvableServer()
  here = await startServer({ env: { PDS_DID_PLC_URL: home.plcUrl } })
  bob = await createTestAccount(home.server, 'bob')
  eve = await createTestAccount(home.server, 'eve')
  olga = await createTestAccount(here, 'olga')
  const members = [{ did: bob.did, role: 'editor' }]
  const created = ok(await groupClient(here).ask(olga, 'create', { handle: 'cooks.test', members }))
  cooks = created['did'] as string
})
afterAll(async () => {
  await here.remove()
  await home.server.remove()
})

const publicUrl = () => atLocalhost(here.url)
const start = (identifier: string, returnTo = '/account/security?done') =>
  `${publicUrl()}/oauth/members/start?${new URLSearchParams({ identifier, return_to: returnTo })}`

const signInAtHome = (url: URL, account: TestAccount) => signInAt(home.server, url, account)
const browserHere = () => new ProviderPageClient(publicUrl())
/** As by a form of a page of ours. */
const begin = (browser: ProviderPageClient, identifier: string, returnTo?: string) =>
  browser.open(start(identifier, returnTo), undefined, 'same-origin')

describe('a member of another server', () => {
  it('signs in at its own server and comes back to the page where it began', async () => {
    const browser = browserHere()
    const page = await begin(browser, bob.did)
    expect(page.status, page.text).toBe(200)
    const url = target(page)
    expect(url.origin).toBe(atLocalhost(home.server.url))
    const back = await signInAtHome(url, bob)
    // The address that loopback clients must use; the cookies are of localhost.
    expect(back.hostname).toBe('127.0.0.1')
    const moved = await fetch(back, { redirect: 'manual' })
    expect(moved.status).toBe(303)
    const done = await browser.open(moved.headers.get('location')!)
    expect([done.status, done.headers['location']]).toEqual([303, '/account/security?done'])
    expect(browser.cookies.get('member')).toBeTruthy()
    expect(browser.cookies.get('elsewhere')).toBe('')
  })

  it('acts as the group in an app, by the page that asks who acts', async () => {
    const browser = browserHere()
    const pages = new PageClient(publicUrl(), { 'user-agent': 'a browser of the tests' })
    Object.assign(pages, { cookies: browser.cookies })
    const scope = 'atproto repo:com.example.recipe identity:handle'
    const app = loopbackApp({ scope, plcUrl: home.plcUrl, url: here.url })
    const open = async () => browser.open(await app.client.authorize('cooks.test'))
    await pages.open(String((await open()).headers['location']))
    const path = '/account/act-as/cooks.test'
    const leading = await pages.submit(`${path}/elsewhere`, { identifier: bob.did })
    const back = await signInAtHome(target({ text: leading.html }), bob)
    const done = await browser.open(`${publicUrl()}${back.pathname}${back.search}`)
    await pages.open(String(done.headers['location']))
    expect(pages.page?.text).toContain(`Continue as ${bob.handle}`)
    const chosen = await pages.submit(path, { member: bob.did })
    expect(chosen.html).toContain('url=/oauth/authorize?')
    expect(browser.cookies.has('member')).toBe(false)

    const page = await open()
    expect(page.status, String(page.headers['location'])).toBe(200)
    const { body } = await browser.callApi<{ url: string }>('/consent', { did: cooks })
    const { session } = await app.client.callback(redirectParams(body.url))
    expect(app.sessions.get(cooks)?.tokenSet.scope).toBe('atproto repo:com.example.recipe')
    const { commit } = (
      await new Agent(session).com.atproto.repo.createRecord({
        ...{ repo: cooks, collection: 'com.example.recipe', record: { name: 'soup' } },
      })
    ).data
    const audit = await groupClient(here).ask(olga, 'getAuditLog', undefined, {
      ...{ account: cooks, rev: commit!.rev },
    })
    expect(ok(audit)['entries']).toMatchObject([{ actor: bob.did, client: app.clientId }])
    expect((await session.getTokenInfo(true)).scope).toBe('atproto repo:com.example.recipe')
  })

  it('proves nothing in another browser, as another account, and twice', async () => {
    const browser = browserHere()
    const url = target(await begin(browser, bob.did))
    const back = await signInAtHome(url, eve)
    const other = await browserHere().open(`${publicUrl()}${back.pathname}${back.search}`)
    expect(other.status).toBe(400)
    const done = await browser.open(`${publicUrl()}${back.pathname}${back.search}`)
    expect(done.status).toBe(400)
    expect(done.text).toContain('another account')
    expect(browser.cookies.has('member')).toBe(false)
  })

  it('is not sent elsewhere by a page that is not ours, nor back to another server', async () => {
    const browser = browserHere()
    expect((await browser.open(start(bob.did), undefined, 'cross-site')).status).toBe(403)
    expect((await begin(browser, bob.did, '//example.com/')).status).toBe(400)
    expect((await begin(browser, olga.did)).status).toBe(400)
    expect((await begin(browser, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).status).toBe(400)
  })
})

describe('grants in the shapes of Tranquil', () => {
  const call = async (as: TestAccount, name: string, input?: object, query: object = {}) => {
    const headers = bearer(as.agent.session!.accessJwt)
    const more = { ...(input && { input }), query }
    return groupClient(here).fetched(`_delegation.${name}`, { headers, ...more })
  }

  it('an account gets controllers of any server, whose scopes are changed and taken', async () => {
    const bakery = await createTestAccount(here, 'bakery')
    const { presets } = ok(await call(bakery, 'getScopePresets')) as {
      presets: { name: string; scopes: string }[]
    }
    const scopes = (name: string) => presets.find((preset) => preset.name === name)!.scopes
    const controller = (did: string, granted: string) => ({
      controller_did: did,
      granted_scopes: granted,
    })
    const early = await call(bakery, 'addController', controller(bob.did, scopes('editor')))
    expect(early).toMatchObject(failed(400, 'InvalidDelegation'))
    ok(await call(bakery, 'addController', controller(olga.did, scopes('owner'))))
    expect(ok(await call(bakery, 'addController', controller(bob.did, scopes('editor'))))).toEqual({
      success: true,
    })
    const unknown = controller('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', '')
    expect(await call(bakery, 'addController', unknown)).toMatchObject(
      failed(404, 'ControllerNotFound'),
    )
    const nested = await call(bakery, 'addController', controller(cooks, ''))
    expect(nested).toMatchObject(failed(400, 'InvalidDelegation'))

    const grantedAt = expect.stringMatching(/^\d{4}-.*Z$/)
    const { controllers } = ok(await call(bakery, 'listControllers'))
    expect(controllers).toHaveLength(2)
    expect(controllers).toContainEqual({
      ...{ did: bob.did, handle: 'bob.test', grantedScopes: scopes('editor'), grantedAt },
      ...{ isActive: true, isLocal: false },
    })
    expect(controllers).toContainEqual({
      ...{ did: olga.did, handle: 'olga.test', grantedScopes: scopes('owner'), grantedAt },
      ...{ isActive: true, isLocal: true },
    })
    const { accounts } = ok(await call(olga, 'listControlledAccounts'))
    expect(accounts).toContainEqual({
      ...{ did: bakery.did, handle: 'bakery.test', grantedScopes: scopes('owner'), grantedAt },
    })

    const own = 'repo:app.bsky.feed.like'
    ok(await call(bakery, 'updateControllerScopes', controller(bob.did, own)))
    const after = ok(await call(bakery, 'listControllers'))['controllers']
    expect(after).toContainEqual(expect.objectContaining({ grantedScopes: `atproto ${own}` }))
    ok(await call(bakery, 'removeController', { controller_did: bob.did }))
    expect(await call(bakery, 'removeController', { controller_did: bob.did })).toMatchObject(
      failed(404, 'DelegationNotFound'),
    )
    const log = ok(await call(bakery, 'getAuditLog', undefined, { limit: 2, offset: 0 }))
    expect(log).toMatchObject({
      total: 5,
      entries: [
        { actionType: 'GrantRevoked', controllerDid: bob.did, delegatedDid: bakery.did },
        { actionType: 'ScopesModified', controllerDid: bob.did },
      ],
    })
  })

  it('creates accounts, and resolves identities without credentials', async () => {
    const input = { handle: 'choir', controllerScopes: '' }
    expect(await call(olga, 'createDelegatedAccount', input)).toMatchObject(
      failed(400, 'InvalidDelegation'),
    )
    const made = ok(await call(olga, 'createDelegatedAccount', { handle: 'choir' }))
    expect(made).toEqual({ did: expect.stringMatching(/^did:plc:/), handle: 'choir.test' })
    const resolve = (identifier: string) =>
      groupClient(here).fetched('_delegation.resolveController', { query: { identifier } })
    expect(ok(await resolve('@choir.test'))).toEqual({
      ...{ did: made['did'], handle: 'choir.test', isLocal: true, pdsUrl: publicUrl() },
    })
    expect(ok(await resolve(bob.did))).toMatchObject({ did: bob.did, isLocal: false })
    expect(await resolve('unknown.test')).toMatchObject(failed(404, 'ControllerNotFound'))
  })
})

/** Sign-ins as a group on one browser: who acts, whose consent counts, and when a member must sign in again. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { addMember, removeMember, updateMember } from '#src/account/group/members.ts'
import { convert } from '#src/account/group/ownership.ts'
import { listGrants } from '#src/account/oauth/grants.ts'
import { readRequest } from '#src/authorization/requests.ts'
import { olga, owner } from '#tests/support/group-scenarios.ts'
import { ProviderPageClient, redirectParams } from '#tests/support/oauth-client.ts'
import {
  clientAssertion,
  clientAssertionParams,
  confidentialClient,
  dpopPost,
} from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid as alice } from '#tests/support/open-account.ts'

const bob = 'did:plc:bobbobbobbobbobbobbobbob'
const cooks = 'did:plc:cookscookscookscookscook'
const minute = 60_000
const day = 24 * 60 * minute

let fixture: OAuthFixture
let group: Account
let app: Awaited<ReturnType<typeof confidentialClient>>
let browser: ProviderPageClient
beforeAll(async () => {
  fixture = await openOAuthFixture()
  await fixture.addAccount(bob, 'bob.test')
  group = await fixture.addAccount(cooks, 'cooks.test')
  await convert(group, { by: { did: cooks }, owner: olga })
  for (const did of [alice, bob]) await addMember(group, { by: owner, did, role: 'editor' })
  fixture.memberships.set(cooks, [alice, bob])
}, 20_000)
beforeEach(async () => {
  app = await confidentialClient(fixture, `${crypto.randomUUID()}.example.com`, cooks as never)
  browser = new ProviderPageClient(fixture.url)
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(() => fixture?.close())

const inTime = (ms: number) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

/** Opens a request of the app, for the group or, with `fixture.url`, for no account. */
async function open(options: object = {}, hint = 'cooks.test') {
  const { status, headers, text } = await browser.open(await app.client.authorize(hint, options))
  return { status, location: String(headers['location']), text }
}

/** On the page of any request. */
async function signIn(username: string): Promise<void> {
  await open({}, fixture.url)
  const credentials = { locale: 'en', username, password, remember: true }
  expect((await browser.callApi('/sign-in', credentials)).status).toBe(200)
}

async function consent() {
  const { body } = await browser.callApi<{ url: string }>('/consent', { did: cooks })
  return app.client.callback(redirectParams(body.url))
}

const actorOf = () => {
  const { access_token: token } = app.sessions.get(cooks)!.tokenSet
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).act.sub
}

it("a member's consent is remembered for that member, and for no other one on the same browser", async () => {
  await signIn('alice.test')
  expect((await open()).status).toBe(200)
  await consent()
  expect(actorOf()).toBe(alice)
  const silent = await open()
  expect(silent.location).toMatch(/^https:\/\/.*\/callback\?.*code=/)
  await app.client.callback(new URL(silent.location).searchParams)
  expect(actorOf()).toBe(alice)

  await signIn('bob.test')
  expect((await open({ prompt: 'none' })).location).toContain('error=consent_required')
  expect((await open()).status).toBe(200)
  await consent()
  expect(actorOf()).toBe(bob)
  expect((await open({ prompt: 'none' })).location).toContain('code=')

  // Neither was chosen lately.
  inTime(6 * minute)
  expect((await open()).location).toMatch(/^\/account\/act-as\/cooks\.test\?next=/)
})

it('a group is offered only while a sign-in of its member counts', async () => {
  await signIn('alice.test')
  await open()
  await consent()
  const offered = async () => {
    await open({}, fixture.url)
    const { body } = await browser.callApi<{ account: { did: string } }[]>('/device-sessions')
    return body.map(({ account }) => account.did)
  }
  expect(await offered()).toEqual([alice, cooks])
  expect((await open({ prompt: 'login' })).text).toContain('value="consent"')
  inTime(6 * minute)
  expect((await open({ prompt: 'login' })).location).toMatch(/^\/account\/act-as\/.*&again=$/)
  expect(await offered()).toEqual([alice, cooks])
  inTime(8 * day)
  expect((await open()).location).toMatch(/^\/account\/act-as\/cooks\.test/)
  expect(await offered()).toEqual([alice])
  vi.useRealTimers()
  await browser.callApi('/sign-out', { did: alice })
  expect(await offered()).toEqual([])
})

it('the group itself signs in with its own password, and then no member acts', async () => {
  await signIn('cooks.test')
  await signIn('alice.test')
  expect((await open()).status).toBe(200)
  await consent()
  const { access_token: token } = app.sessions.get(cooks)!.tokenSet
  expect(JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).act).toBeUndefined()
})

it('introspection and a refresh say what the role allows at that moment', async () => {
  await signIn('bob.test')
  await open()
  await consent()
  const { tokenSet } = app.sessions.get(cooks)!
  expect(tokenSet.scope).toBe('atproto transition:generic')
  const [grant] = await listGrants(group, { member: bob })
  expect(grant).toMatchObject({ member: bob })
  await updateMember(group, { by: owner, did: bob, role: 'viewer' })
  const { dpopJwk } = app.sessions.get(cooks)!
  const assertion = clientAssertionParams(await clientAssertion(fixture, app))
  const form = { token: tokenSet.access_token, client_id: app.clientId, ...assertion }
  const introspected = await dpopPost(fixture, '/oauth/introspect', form, { jwk: dpopJwk })
  expect(introspected.body).toMatchObject({ sub: cooks, act: { sub: bob }, scope: 'atproto' })
  const session = await app.client.restore(cooks)
  const getTokenInfo = () => session.getTokenInfo(true)
  expect((await getTokenInfo()).scope).toBe('atproto')
  await updateMember(group, { by: owner, did: bob, role: 'editor' })
  expect((await getTokenInfo()).scope).toBe('atproto transition:generic')
  await removeMember(group, { by: owner, did: bob })
  await expect(getTokenInfo()).rejects.toThrow()
})

it('an app cannot say who acts', async () => {
  const url = await app.client.authorize('cooks.test', { act: bob } as never)
  const id = decodeURIComponent(url.searchParams.get('request_uri')!).split(':').at(-1)!
  expect(id).toMatch(/^req-/)
  const stored = await Promise.all(fixture.shards().map((shard) => readRequest(shard, { id })))
  const { parameters } = stored.find((request) => request !== null)!
  expect(JSON.parse(parameters)).toMatchObject({ login_hint: 'cooks.test' })
  expect(JSON.parse(parameters)).not.toHaveProperty('act')
})

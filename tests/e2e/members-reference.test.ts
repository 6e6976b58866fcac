/**
 * A member of a group whose home is the reference PDS: it writes as the group with a service token, and in an app after
 * it has signed in at home. Runs only if the reference is installed: `node bench/reference.ts` does that.
 */
import { Agent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failed, groupClient, ok } from '#tests/support/group-client.ts'
import { loopbackApp, ProviderPageClient, redirectParams } from '#tests/support/oauth-client.ts'
import { PageClient } from '#tests/support/page-client.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { atLocalhost, signInAt, target } from '#tests/support/sign-in-elsewhere.ts'
import { isReferenceInstalled } from '../../bench/reference.ts'

const isThere = isReferenceInstalled()
const title = isThere
  ? 'a member whose home is the reference PDS'
  : 'skipped: run `node bench/reference.ts` first'
const collection = 'com.example.recipe'
const createRecord = 'com.atproto.repo.createRecord'

describe.runIf(isThere)(title, () => {
  let stopServers: () => Promise<void>
  let home: { url: string }
  let here: { url: string; plcUrl: string }
  let bob: TestAccount
  let olga: TestAccount
  let cooks: string

  beforeAll(async () => {
    const servers = await import('../../bench/servers.ts')
    stopServers = servers.stopServers
    const started = await servers.startServers()
    ;[home, here] = started as [(typeof started)[number], (typeof started)[number]]
    bob = await createTestAccount(home, 'bob')
    olga = await createTestAccount(here, 'olga')
    const members = [{ did: bob.did, role: 'editor' }]
    const input = { handle: 'cooks.test', members }
    cooks = ok(await groupClient(here).ask(olga, 'create', input))['did'] as string
  })
  afterAll(async () => {
    await stopServers?.()
  })

  async function expectAudited(rev: string, client: string): Promise<void> {
    const query = { account: cooks, rev }
    const { entries } = ok(await groupClient(here).ask(olga, 'getAuditLog', undefined, query))
    expect(entries).toMatchObject([{ actor: bob.did, role: 'editor', client }])
  }

  it('writes as the group with a service token of the reference, until its role is taken', async () => {
    const aud = (await olga.agent.com.atproto.server.describeServer()).data.did
    const write = async () => {
      const { data } = await bob.agent.com.atproto.server.getServiceAuth({ aud, lxm: createRecord })
      const headers = { authorization: `Bearer ${data.token}`, 'act-as': cooks }
      const input = { repo: cooks, collection, record: { $type: collection, name: 'soup' } }
      return groupClient(here).fetched(createRecord, { headers, input })
    }
    const { commit } = ok(await write()) as { commit: { rev: string } }
    await expectAudited(commit.rev, 'service token')
    const { ask } = groupClient(here)
    ok(await ask(olga, 'updateMember', { account: cooks, did: bob.did, role: 'viewer' }))
    expect(await write()).toMatchObject(failed(403, 'ScopeMissingError'))
    ok(await ask(olga, 'updateMember', { account: cooks, did: bob.did, role: 'editor' }))
  })

  it('acts as the group in an app, after it has signed in at the reference', async () => {
    const publicUrl = atLocalhost(here.url)
    const browser = new ProviderPageClient(publicUrl)
    const pages = new PageClient(publicUrl, { 'user-agent': 'a browser of the tests' })
    Object.assign(pages, { cookies: browser.cookies })
    const scope = `atproto repo:${collection}`
    const app = loopbackApp({ scope, plcUrl: here.plcUrl, url: here.url })
    const open = async () => browser.open(await app.client.authorize('cooks.test'))
    await pages.open(String((await open()).headers['location']))
    const path = '/account/act-as/cooks.test'
    const leading = await pages.submit(`${path}/elsewhere`, { identifier: bob.did })
    const back = await signInAt(home, target({ text: leading.html }), bob)
    const done = await browser.open(`${publicUrl}${back.pathname}${back.search}`)
    await pages.open(String(done.headers['location']))
    await pages.submit(path, { member: bob.did })
    expect((await open()).status).toBe(200)
    const { body } = await browser.callApi<{ url: string }>('/consent', { did: cooks })
    const { session } = await app.client.callback(redirectParams(body.url))
    const { data } = await new Agent(session).com.atproto.repo.createRecord({
      ...{ repo: cooks, collection, record: { $type: collection, name: 'salad' } },
    })
    await expectAudited(data.commit!.rev, app.clientId)
  })
})

/**
 * An account with blobs that migrates from the reference PDS to Headwater, back, and again, and is used in between.
 * Runs only if the reference is installed: `node bench/reference.ts` does that.
 */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import {
  AccountContents,
  expectAccountAt,
  type NetworkServer,
} from '#tests/support/migrating-account.ts'
import {
  createAccountToken,
  createMigratedAccount,
  moveContents,
  moveDid,
} from '#tests/support/migration-steps.ts'
import { createdAt } from '#tests/support/records.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { expectCommit } from '#tests/support/verify-repo.ts'
import { isReferenceInstalled } from '../../bench/reference.ts'

interface Place extends NetworkServer {
  name: string
  firehose: Subscription
}

const isThere = isReferenceInstalled()
const title = isThere
  ? 'a migration to Headwater and back'
  : 'skipped: run `node bench/reference.ts` first'
const email = 'alice@example.com'
const password = 'correct horse battery'
const arrived = ['#identity', '#account', '#identity', '#sync']

describe.runIf(isThere)(title, { retry: 0 }, () => {
  const owned = new AccountContents()
  let mail: MailServer
  /** The reference stores preferences only if an AppView is configured. */
  let appView: FakeService
  let stopServers: () => Promise<void>
  let reference: Place
  let headwater: Place
  /** Logged in at the current server. */
  let agent: AtpAgent
  /** Logged in at Headwater, after the account has left it. */
  let oldAgent: AtpAgent
  let did: string
  let first: { path: string; image: string }

  beforeAll(async () => {
    mail = await startMailServer()
    appView = await startFakeService()
    const servers = await import('../../bench/servers.ts')
    stopServers = servers.stopServers
    const variables = {
      PDS_EMAIL_SMTP_URL: mail.url,
      PDS_EMAIL_FROM_ADDRESS: 'pds@example.com',
      PDS_BSKY_APP_VIEW_URL: appView.url,
      PDS_BSKY_APP_VIEW_DID: appView.did,
    }
    const places = await servers.startServers(() => variables)
    const subscribed = places.map((place) => ({ ...place, firehose: new Subscription(place) }))
    ;[reference, headwater] = subscribed as [Place, Place]
    await Promise.all([reference.firehose.opened, headwater.firehose.opened])
  })
  afterAll(async () => {
    reference?.firehose.close()
    headwater?.firehose.close()
    await stopServers?.()
    await appView?.[Symbol.asyncDispose]()
    await mail?.close()
  })

  /** The account's events since the last call, once there are as many as expected. */
  const taken = new Map<Place, number>()
  async function expectEvents(place: Place, kinds: readonly string[]) {
    const from = taken.get(place) ?? 0
    const since = () => place.firehose.eventsOf(did).slice(from)
    await expect.poll(() => since().map(({ kind }) => kind)).toEqual(kinds)
    taken.set(place, from + kinds.length)
    return since().map(({ body }) => body)
  }

  /** The code in the next mail. */
  function nextCode(): () => Promise<string> {
    const before = mail.mails.length
    return async () => {
      await expect.poll(() => mail.mails.length).toBeGreaterThan(before)
      return lastCode(mail, email)!
    }
  }

  /**
   * Points the DID to another server, activates the account there and deactivates it at the old one.
   */
  async function moveTo(to: AtpAgent): Promise<void> {
    await moveContents(agent, to, did)
    const { data } = await agent.app.bsky.actor.getPreferences()
    await to.app.bsky.actor.putPreferences(data)
    const code = nextCode()
    await moveDid(agent, to, code)
    await to.com.atproto.server.activateAccount()
    await agent.com.atproto.server.deactivateAccount({})
    agent = to
  }

  async function expectLeft({ url }: Place, error: string): Promise<void> {
    const { sync } = new AtpAgent({ service: url }).com.atproto
    const getRepoError = () => sync.getRepo({ did }).then(String, ({ error }) => error)
    await expect.poll(getRepoError).toBe(error)
  }

  it('an account is created at the reference PDS', async () => {
    agent = new AtpAgent({ service: reference.url })
    const made = await agent.createAccount({ handle: 'alice.test', email, password })
    did = made.data.did
    const bob = new AtpAgent({ service: reference.url })
    const input = { handle: 'bob.test', email: 'bob@example.com', password }
    await owned.follow(agent, (await bob.createAccount(input)).data.did)
    first = await owned.post(agent, 'one')
    await owned.post(agent, 'two')
    await owned.putProfile(agent, { displayName: 'Alice', avatar: await owned.upload(agent) })
    const language = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false }
    await owned.putPreferences(agent, language)
    await expectAccountAt(reference, agent, 'alice.test', owned)
    const kinds = ['#identity', '#account', '#commit', '#sync']
    await expectEvents(reference, [...kinds, ...Array(4).fill('#commit')])
  })

  it('an account migrates from the reference to Headwater with its records and blobs, and its events are in order', async () => {
    const token = await createAccountToken(agent, 'did:web:localhost')
    const input = { did, handle: 'alice-here.test', email, password }
    const here = await createMigratedAccount(headwater, token, input)
    await moveTo(here)
    const { key, rev } = await expectAccountAt(headwater, agent, 'alice-here.test', owned)
    const [, account, identity, sync] = await expectEvents(headwater, arrived)
    expect(account).toMatchObject({ did, active: true })
    expect(identity).toMatchObject({ did, handle: 'alice-here.test' })
    expect(sync).toMatchObject({ did, rev })
    await expectLeft(reference, 'RepoDeactivated')
    const [event] = await expectEvents(reference, ['#account'])
    expect(event).toMatchObject({ active: false, status: 'deactivated' })

    await owned.post(agent, 'three, from here')
    const [commit] = await expectEvents(headwater, ['#commit'])
    await expectCommit(commit!, { did, key }, sync)
  })

  it('a migrated account creates, changes and deletes records and blobs', async () => {
    await owned.delete(agent, first)
    await replaceAvatar(await owned.upload(agent))
    await owned.putPreferences(
      agent,
      { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true } as { $type: string },
      { $type: 'app.bsky.actor.defs#threadViewPref', sort: 'oldest' } as { $type: string },
    )
    await expectAccountAt(headwater, agent, 'alice-here.test', owned)
    await expectEvents(headwater, ['#commit', '#commit'])
  })

  /** After this no record references the old avatar. */
  async function replaceAvatar(avatar: Awaited<ReturnType<AccountContents['upload']>>) {
    const where = { repo: did, collection: 'app.bsky.actor.profile', rkey: 'self' }
    const { data } = await agent.com.atproto.repo.getRecord(where)
    const { avatar: before } = data.value as { avatar: { ref: unknown } }
    await owned.putProfile(agent, { displayName: 'Alice, who moved', avatar })
    owned.dropBlob(String(before.ref))
  }

  it('an account migrates back to its deactivated account at the reference', async () => {
    oldAgent = agent
    const back = new AtpAgent({ service: reference.url })
    await back.login({ identifier: email, password })
    expect(back.session).toMatchObject({ active: false, status: 'deactivated' })
    await moveTo(back)
    await expectEvents(reference, arrived)
    const [event] = await expectEvents(headwater, ['#account'])
    expect(event).toMatchObject({ active: false, status: 'deactivated' })

    // The reference signs an imported repo with its own key at the first write.
    await owned.write(agent, 'app.bsky.feed.post', undefined, { text: 'four, back', createdAt })
    await expectAccountAt(reference, agent, 'alice.test', owned, { forgets: false })
    await expectEvents(reference, ['#commit'])
  })

  it('a migrated account is deleted by its owner, and can migrate in again', async () => {
    const code = nextCode()
    await oldAgent.com.atproto.server.requestAccountDelete()
    await oldAgent.com.atproto.server.deleteAccount({ did, password, token: await code() })
    await expectLeft(headwater, 'RepoNotFound')
    const [deleted] = await expectEvents(headwater, ['#account'])
    expect(deleted).toMatchObject({ active: false, status: 'deleted' })

    const token = await createAccountToken(agent, 'did:web:localhost')
    const here = await createMigratedAccount(headwater, token, {
      did,
      handle: 'alice.test',
      email,
      password,
    })
    await moveTo(here)
    const { key, rev } = await expectAccountAt(headwater, agent, 'alice.test', owned)
    const [, , , sync] = await expectEvents(headwater, arrived)
    expect(sync).toMatchObject({ did, rev })
    await owned.post(agent, 'five')
    const [commit] = await expectEvents(headwater, ['#commit'])
    await expectCommit(commit!, { did, key }, sync)
  })

  it('an account migrates in from a server that has not signed the repo itself', async () => {
    await expectEvents(reference, ['#account'])
    const back = new AtpAgent({ service: reference.url })
    await back.login({ identifier: email, password })
    await moveTo(back)
    await expectEvents(reference, arrived)
    await expectEvents(headwater, ['#account'])

    const here = new AtpAgent({ service: headwater.url })
    await here.login({ identifier: email, password })
    await moveTo(here)
    const { rev } = await expectAccountAt(headwater, agent, 'alice.test', owned)
    const [, , , sync] = await expectEvents(headwater, arrived)
    expect(sync).toMatchObject({ did, rev })
  })
})

import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drainAccounts } from '#tests/support/drained-accounts.ts'
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'
import {
  auditEntries,
  createTestGroup,
  groupClient,
  ok,
  sessionAs,
} from '#tests/support/group-client.ts'
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
  rejection,
} from '#tests/support/migration-steps.ts'
import { PageClient, signedInPageClient } from '#tests/support/page-client.ts'
import { createdAt } from '#tests/support/records.ts'
import { adminPassword, createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { type Places, serverPairs } from '#tests/support/server-pairs.ts'
import { Subscription } from '#tests/support/subscription.ts'

const email = 'alice@example.com'
const sharedEmail = 'cooks@example.com'
const oldPassword = 'the old password'
const newPassword = 'the new password'

for (const [name, isThere, start] of serverPairs) {
  const title = isThere ? name : `skipped, \`node bench/reference.ts\` installs it: ${name}`
  describe.runIf(isThere)(title, { retry: 0 }, () => {
    const owned = new AccountContents()
    let mail: MailServer
    let appView: FakeService
    let places: Places
    let did: string
    let pages: PageClient

    beforeAll(async () => {
      mail = await startMailServer()
      appView = await startFakeService()
      places = await start({
        PDS_EMAIL_SMTP_URL: mail.url,
        PDS_EMAIL_FROM_ADDRESS: 'pds@example.com',
        PDS_ADMIN_PASSWORD: adminPassword,
        // Without an AppView there are no preferences.
        PDS_BSKY_APP_VIEW_URL: appView.url,
        PDS_BSKY_APP_VIEW_DID: appView.did,
      })
      const agent = new AtpAgent({ service: places.old.url })
      const account = { handle: 'alice.test', email, password: oldPassword }
      did = (await agent.createAccount(account)).data.did
      await owned.post(agent, 'one')
      await owned.putProfile(agent, { displayName: 'Alice', avatar: await owned.upload(agent) })
      const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false }
      await owned.putPreferences(agent, adult)
    })
    afterAll(async () => {
      await places?.stop()
      await appView?.[Symbol.asyncDispose]()
      await mail?.close()
    })

    /** Of the page on moves, as often as it takes. */
    async function expectText(text: string, path = '/account/move'): Promise<void> {
      const shown = async () => (await pages.open(path)).text
      await expect.poll(shown, { timeout: 60_000, interval: 300 }).toContain(text)
    }

    async function confirm(path = '/account/move', to = email): Promise<void> {
      const before = mail.mails.length
      await pages.submit(`${path}/send`)
      await expect.poll(() => mail.mails.length).toBeGreaterThan(before)
      await pages.open(path)
      await pages.submit(`${path}/confirm`, { code: lastCode(mail, to)! })
    }

    async function agentAt(
      { url }: NetworkServer,
      password: string,
      identifier = did,
    ): Promise<AtpAgent> {
      const agent = new AtpAgent({ service: url })
      await agent.login({ identifier, password })
      return agent
    }

    async function expectLeft(place: NetworkServer, password: string): Promise<void> {
      const { session } = await agentAt(place, password)
      expect(session).toMatchObject({ active: false, status: 'deactivated' })
    }

    it('an account moves here by /move, with its records, files and preferences', async () => {
      pages = new PageClient(places.here.url)
      await pages.open('/move')
      const account = { name: 'alice-here', domain: '.test', email }
      const wrong = { ...account, identifier: did, 'new-password': newPassword }
      await pages.submit('/move', { ...wrong, password: 'wrong' })
      expect(pages.page!.text).toContain('The password is wrong.')
      await pages.submit('/move', { ...wrong, password: oldPassword })
      await expectText('Everything is copied.')
      await pages.submit('/account/move/confirm', { code: 'AAAAA-AAAAA' })
      expect(pages.page!.text).toContain('The code is wrong or has expired.')
      await confirm()
      await expectText('Your account is on this server now')
      const agent = await agentAt(places.here, newPassword)
      await expectAccountAt(places.here, agent, 'alice-here.test', owned)
      await expectLeft(places.old, oldPassword)
      await owned.post(agent, 'two, from here')
    })

    it('the account moves away again, to the account that it has left', async () => {
      pages = await signedInPageClient(places.here.url, {
        ...{ handle: 'alice-here.test', password: newPassword },
      })
      await expectText('Your account is on this server now')
      await pages.submit('/account/move/cancel')
      const address = encodeURIComponent(places.old.url)
      await pages.open(`/account/move?server=${address}`)
      const account = { name: 'alice', domain: '.test', email, 'new-password': oldPassword }
      await pages.submit(`/account/move/out?server=${address}`, account)
      await expectText('Everything is copied.')
      await confirm()
      await expectText('Deactivate at the old server Done')
      const agent = await agentAt(places.old, oldPassword)
      // The reference signs an imported repo with its own key at the first write.
      await owned.post(agent, 'three, from there')
      await expectAccountAt(places.old, agent, 'alice.test', owned, { forgets: false })
      await expectLeft(places.here, newPassword)
    })

    it('the account moves back to the account that it has here', async () => {
      await pages.submit('/account/move/cancel')
      await pages.open('/account/move')
      await pages.submit('/account/move/back', { password: oldPassword })
      await expectText('Everything is copied.')
      await confirm()
      await expectText('Your account is on this server now')
      const here = await agentAt(places.here, newPassword)
      await expectAccountAt(places.here, here, 'alice-here.test', owned)
      await expectLeft(places.old, oldPassword)
    })

    it('accounts are drained by their links, one through a crash, and one never comes', () =>
      drainAccounts(places, mail, { oldPassword, newPassword }))

    describe('a group of the other server', () => {
      const shared = new AccountContents()
      const { ask } = groupClient({
        get url() {
          return places.here.url
        },
      })
      let olga: TestAccount
      let eddie: TestAccount
      let cooks: TestAccount
      let asEddie: AtpAgent
      let there: AtpAgent
      let before: unknown

      /** As any account is moved; the code goes to Olga. */
      async function moveGroup(from: AtpAgent, to: AtpAgent): Promise<void> {
        await moveContents(from, to, cooks.did)
        const { data } = await from.app.bsky.actor.getPreferences()
        await to.app.bsky.actor.putPreferences(data)
        const mails = mail.mails.length
        await moveDid(from, to, async () => {
          await expect.poll(() => mail.mails.length).toBeGreaterThan(mails)
          return lastCode(mail, from === there ? sharedEmail : 'olga@example.com')!
        })
        await to.com.atproto.server.activateAccount()
        await from.com.atproto.server.deactivateAccount({})
      }

      async function membersAndRoles(): Promise<unknown> {
        const query = { account: cooks.did }
        const { members } = ok(await ask(olga, 'listMembers', undefined, query))
        const { roles } = ok(await ask(olga, 'listRoles', undefined, query))
        const { groups } = ok(await ask(eddie, 'list'))
        return { members, roles, groups }
      }

      it('moves away by its owner, and its members cannot write here meanwhile', async () => {
        olga = await createTestAccount(places.here, 'olga')
        eddie = await createTestAccount(places.here, 'eddie')
        cooks = await createTestGroup(places.here, olga, 'cooks')
        const account = cooks.did
        const poster = { name: 'poster', scope: 'repo:* blob:*/*', manage: [] }
        ok(await ask(olga, 'putRole', { account, ...poster }))
        ok(await ask(olga, 'addMember', { account, did: eddie.did, role: 'poster' }))
        asEddie = await sessionAs(places.here, eddie, account)
        await shared.post(asEddie, 'soup')
        const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false }
        await shared.putPreferences(cooks.agent, adult)
        before = await membersAndRoles()

        const { data: other } = await new AtpAgent({
          service: places.old.url,
        }).com.atproto.server.describeServer()
        const token = await createAccountToken(cooks.agent, other.did)
        there = await createMigratedAccount(places.old, token, {
          ...{ did: account, handle: 'cooks-there.test' },
          ...{ email: sharedEmail, password: newPassword },
        })
        await moveGroup(cooks.agent, there)
        const late = shared.write(asEddie, 'app.bsky.feed.post', undefined, {
          text: 'late',
          createdAt,
        })
        expect(await rejection(late)).toMatchObject({ status: 401, error: 'AccountDeactivated' })
        // The reference signs an imported repo with its own key at the first write.
        await shared.post(there, 'salad, from there')
        await expectAccountAt(places.old, there, 'cooks-there.test', shared)
      })

      it('comes back with what was written meanwhile, to its members, roles and audit log', async () => {
        const asOlga = await sessionAs(places.here, olga, cooks.did)
        expect(asOlga.session).toMatchObject({ active: false, status: 'deactivated' })
        await moveGroup(there, asOlga)
        await expectAccountAt(places.here, asOlga, 'cooks.test', shared)
        expect(await membersAndRoles()).toEqual(before)
        await shared.post(asEddie, 'bread, here again')
        await expectAccountAt(places.here, asOlga, 'cooks.test', shared)
        const entries = await auditEntries(places.here, olga, cooks.did)
        const done = (actor: string, action: string) => expect.objectContaining({ actor, action })
        expect(entries).toEqual(
          expect.arrayContaining([
            done(eddie.did, 'repo.createRecord'),
            done(olga.did, 'identity.requestPlcToken'),
            done(olga.did, 'identity.consumePlcToken'),
            done(olga.did, 'lifecycle.changeState'),
            done(olga.did, 'import.finish'),
            done(olga.did, 'identity changed'),
          ]),
        )
        expect(entries.filter(({ action }) => action === 'repo.createRecord')).toHaveLength(2)
        expect(entries.filter(({ action }) => action === 'import.finish')).toHaveLength(1)
      })

      it('shows no one outside who its members are', async () => {
        const { data: head } = await cooks.agent.com.atproto.sync.getLatestCommit({
          did: cooks.did,
        })
        using firehose = new Subscription(places.here, 0)
        const events = () => firehose.eventsOf(cooks.did)
        await expect.poll(() => events().at(-1)?.body.rev).toBe(head.rev)
        const { data: car } = await cooks.agent.com.atproto.sync.getRepo({ did: cooks.did })
        const log = await fetch(`${places.here.plcUrl}/${cooks.did}/log/audit`)
        const all = [...events().map(({ bytes }) => bytes), car, await log.arrayBuffer()]
        const seen = Buffer.concat(all.map((bytes) => new Uint8Array(bytes))).toString('latin1')
        expect(seen).toContain(cooks.did)
        for (const { did: member } of [olga, eddie]) expect(seen).not.toContain(member)
      })

      it('another group moves away and back by its page', async () => {
        const bakers = await createTestGroup(places.here, olga, 'bakers')
        const all = new AccountContents()
        await all.post(bakers.agent, 'bread')
        pages = await signedInPageClient(places.here.url, olga)
        const path = '/groups/bakers.test/settings/move'
        const address = encodeURIComponent(places.old.url)
        await pages.open(`${path}?server=${address}`)
        const account = { name: 'bakers', domain: '.test', email: 'bakers@example.com' }
        const input = { ...account, 'new-password': newPassword }
        await pages.submit(`${path}/out?server=${address}`, input)
        await expectText('Everything is copied.', path)
        await confirm(path, 'olga@example.com')
        await expectText('Deactivate at the old server Done', path)
        const away = await agentAt(places.old, newPassword, bakers.did)
        await all.post(away, 'pie, from there')
        await expectAccountAt(places.old, away, 'bakers.test', all)

        await pages.submit(`${path}/cancel`)
        await pages.open(path)
        await pages.submit(`${path}/back`, { password: newPassword })
        await expectText('Everything is copied.', path)
        await confirm(path, account.email)
        await expectText('The group is on this server now', path)
        await all.post(bakers.agent, 'jam, here again')
        await expectAccountAt(places.here, bakers.agent, 'bakers.test', all)
        const entries = await auditEntries(places.here, olga, bakers.did)
        const begun = entries.filter(({ action }) => action === 'migration.begin')
        const one = { actor: olga.did, target: places.old.url }
        expect(begun).toMatchObject([one, one])
      })
    })
  })
}

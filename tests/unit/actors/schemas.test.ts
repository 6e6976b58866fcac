/** Databases of earlier releases: today's code opens them. */
import { createHash } from 'node:crypto'
import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import { describe, expect, it } from 'vitest'
import { getFactorOverview } from '#src/account/factors/overview.ts'
import { getAuditLog } from '#src/account/group/audit-log.ts'
import { authorize } from '#src/account/group/authorize.ts'
import { listInvites } from '#src/account/group/invitations.ts'
import { listJoinRequests } from '#src/account/group/join-requests.ts'
import { listRoles } from '#src/account/group/roles.ts'
import { restoreRecords } from '#src/account/history/restore.ts'
import { listOwnRotationKeys } from '#src/account/identity/own-rotation-keys.ts'
import { findMigration } from '#src/account/lifecycle/migration.ts'
import { findGrant } from '#src/account/oauth/grants.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { getRecordStatus } from '#src/account/repo/takedowns.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import { listAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { refreshSession } from '#src/account/sessions/sessions.ts'
import { readDeviceWithAccounts } from '#src/authorization/devices.ts'
import { isFirstUse } from '#src/authorization/replay-store.ts'
import { consumeRequest } from '#src/authorization/requests.ts'
import { findTokenOwner } from '#src/authorization/token-index.ts'
import {
  findAccount,
  findMembership,
  findPasswordReset,
  getSetting,
  getTenant,
  invitesByAccount,
  listCreatedAccounts,
  listOperatorAudit,
  listRelays,
  listReminders,
  listTenantsOf,
  tenantsOfAccounts,
} from '#src/directory/directory.ts'
import { getCase } from '#src/directory/moderation-cases.ts'
import { listCaseEntries } from '#src/directory/moderation-entries.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { bounds, read } from '#src/sequencer/log.ts'
import { size } from '#src/sequencer/log-size.ts'
import { readPrivateEvents, stateSeqsOf } from '#src/sequencer/private-log.ts'
import { eddie, owner } from '#tests/support/group-scenarios.ts'
import { nextServer } from '#tests/support/move-fixtures.ts'
import { opened, versionsOf } from '#tests/support/old-databases.ts'
import { openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'
import {
  alice,
  collection,
  heldCid,
  imageCid,
  ownRotationKey,
  preferences,
  relay,
} from '#tests/support/schema-fixtures.ts'
import { testDirectory } from '#tests/support/test-directory.ts'
import { testSequencer } from '#tests/support/test-sequencer.ts'
import { testShard } from '#tests/support/test-shard.ts'
import { hook, testWebhooks } from '#tests/support/webhooks-fixture.ts'

describe.each(versionsOf('account'))('an account of schema version %d', (version) => {
  const open = () => openTestAccount({ sql: opened('account', version) })

  it('has the repo that it had, signed and complete', async () => {
    const account = await open()
    const { blocks, root: commit } = await readCarWithRoot(await exportedCar(account))
    const { creates } = await verifyRepo(blocks, commit, testDid, testKey.did())
    const rkeys = creates.filter((record) => record.collection === collection)
    const kept = version < 3 ? [] : ['kept', 'last']
    const byMember = version < 5 ? [] : ['by-eddie']
    const all = [...byMember, 'hidden', 'image', ...kept, 'one', 'two']
    expect(rkeys.map(({ rkey }) => rkey).sort()).toEqual(all)
    const { json } = await getRecord(account, { collection, rkey: 'two' })
    expect(JSON.parse(json).value).toEqual({ $type: collection, n: 2 })
    const tombstones = await account.sql.all<{ path: string }>('SELECT path FROM tombstone')
    expect(tombstones[0]).toEqual({ path: `${collection}/gone` })
    await createRecord(account, { collection, record: { $type: collection } })
  })

  it('hides what was taken down, and keeps its blobs', async () => {
    const account = await open()
    await expect(getRecord(account, { collection, rkey: 'hidden' })).rejects.toThrow()
    const status = await getRecordStatus(account, { collection, rkey: 'hidden' })
    expect(JSON.stringify(status)).toContain('moderator')
    const blobs = await account.sql.all('SELECT cid, state FROM blob ORDER BY state')
    expect(blobs).toContainEqual({ cid: imageCid, state: null })
    expect(blobs).toHaveLength(version < 8 ? 2 : 3)
  })

  it.skipIf(version < 8)('holds the blobs of deleted records', async () => {
    const account = await open()
    const held = await account.sql.all(`SELECT cid FROM blob WHERE state = 'held'`)
    expect(held).toEqual([{ cid: heldCid }])
    const at = await account.sql.first<{ rev: string }>(
      `SELECT rev FROM past_record WHERE path = '${collection}/gone-image'`,
    )
    const paths = [`${collection}/gone-image`]
    const { records } = await restoreRecords(account, { by: owner, at: at!.rev, paths })
    expect(records).toMatchObject([{ result: 'restored' }])
  })

  it('renews its sessions, and knows its app passwords, factors and grants', async () => {
    const account = await open()
    const ids = await account.sql.all<{ id: string }>('SELECT id FROM refresh_token')
    for (const { id } of ids) {
      expect(await refreshSession(account, { tokenId: id })).toMatchObject({ did: testDid })
    }
    expect(ids).toHaveLength(2)
    expect((await listAppPasswords(account)).passwords).toMatchObject([
      { name: 'app', privileged: true },
    ])
    expect(await getFactorOverview(account)).toMatchObject({
      recoveryCodesLeft: 10,
      totp: { createdAt: expect.any(String) },
    })
    const byFormerToken = await findGrant(account, { refreshHash: 'refresh-1' })
    expect(byFormerToken).toMatchObject({ id: 'tok-2' })
    expect((await listSecurityEvents(account)).events.length).toBeGreaterThanOrEqual(7)
  })

  it('has the preferences that it had, and takes others', async () => {
    const account = await open()
    const { preferences: found } = await getPreferences(account, { fullAccess: true })
    expect(found).toEqual(expect.arrayContaining(preferences))
    await putPreferences(account, { preferences: [], fullAccess: false })
    const { preferences: left } = await getPreferences(account, { fullAccess: true })
    expect(left[0]).toEqual(preferences[1])
    expect(await account.sql.all('SELECT preferences FROM account')).toEqual([
      { preferences: null },
    ])
  })

  it('delivers the events that waited', async () => {
    const account = await open()
    await account.outbox.settled()
    expect(account.delivered.length).toBeGreaterThanOrEqual(8)
  })

  it.skipIf(version < 4)('delivers the private events that waited', async () => {
    const account = await open()
    await account.privateOutbox.settled()
    const kinds = account.deliveredPrivately.map(({ kind }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['#grant', '#preferences', '#factor']))
  })

  it.skipIf(version < 5)('knows its members, their roles and what they did', async () => {
    const account = await open()
    expect(await authorize(account, { member: eddie })).toMatchObject({ name: 'editor' })
    const { entries } = await getAuditLog(account, { by: owner, limit: 1, actor: eddie })
    expect(entries).toMatchObject([{ target: `${collection}/by-eddie`, role: 'editor' }])
    expect((await listRoles(account, { by: owner })).roles).toHaveLength(6)
    expect((await listInvites(account, { by: owner })).invites).toHaveLength(1)
    expect((await listJoinRequests(account, { by: owner })).requests).toHaveLength(1)
  })

  it.skipIf(version < 7)('knows its move and the rotation keys of its owner', async () => {
    const account = await open()
    const move = { direction: 'out', server: nextServer, step: 'blobs' }
    expect(await findMigration(account)).toMatchObject({ ...move, progress: { repoBytes: 7 } })
    expect(await listOwnRotationKeys(account)).toMatchObject([{ key: ownRotationKey }])
  })

  it.skipIf(version < 3)('knows the answers of its commits', async () => {
    const { idempotencyKeys, clock } = await open()
    const runAgain = () => Promise.reject(new Error('it was made'))
    for (const rkey of ['kept', 'last']) {
      const key = { id: `key of ${rkey}`, issuedAt: clock.now() }
      const uri = `at://${testDid}/${collection}/${rkey}`
      expect(await idempotencyKeys.runCommit(key, runAgain)).toMatchObject({ uri })
    }
  })
})

describe.each(versionsOf('directory'))('a directory of schema version %d', (version) => {
  it('knows its accounts, codes and settings', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    expect(await findAccount(directory, { identifier: 'alice.test' })).toMatchObject({
      did: alice,
    })
    const invites = await invitesByAccount(directory, { dids: [alice] })
    expect(invites[alice]?.invitedBy).toMatchObject({ available: 2, disabled: false })
    expect(await getSetting(directory, { name: 'handles' })).toBe('{}')
    expect(await findPasswordReset(directory, { token: 'aaaaa-bbbbb' })).toEqual({ did: alice })
  })

  it.skipIf(version < 5)('knows who is a member of which group', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const found = await findMembership(directory, { account: alice, member: eddie })
    expect(found).toEqual({ role: 'editor' })
  })

  it.skipIf(version < 6)('knows its tenants, their admins, domains and accounts', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const tenant = await getTenant(directory, { id: 'roomy' })
    expect(tenant).toMatchObject({
      domains: ['roomy.example'],
      usage: { accounts: version < 7 ? 1 : 2 },
    })
    const roomy = [{ tenant: 'roomy', role: 'admin' }]
    expect(await listTenantsOf(directory, { did: 'did:plc:ruth' })).toEqual(roomy)
    const dids = ['did:plc:space']
    expect(await tenantsOfAccounts(directory, { dids })).toEqual({ 'did:plc:space': 'roomy' })
  })

  it.skipIf(version < 9)('knows what operators did', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const { entries } = await listOperatorAudit(directory, { limit: 9 })
    const taken = { actor: 'admin password', action: 'takedown', target: alice }
    expect(entries).toMatchObject([{ ...taken, address: '192.0.2.1' }])
  })

  it.skipIf(version < 10)('has its moderation cases', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    expect(await getCase(directory, { id: 1 })).toMatchObject({
      ...{ did: alice, state: 'escalated', reporters: 1 },
      reasons: [{ reason: 'spam', count: 1 }],
    })
    const { entries } = await listCaseEntries(directory, { id: 1, limit: 9 })
    expect(entries).toMatchObject([
      { kind: 'escalated', by: 'admin password', text: 'a note' },
      { kind: 'report', by: 'did:plc:reporter', text: 'ads' },
    ])
  })

  it('lists its reminders, to all processes if it did not know whose they are', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const list = (process: string) => listReminders(directory, { after: '', limit: 9, process })
    expect(await list('folder-1')).toEqual([alice])
    expect(await list('folder-2')).toEqual(version < 3 ? [alice] : [])
  })

  it('knows what relays have said, and where accounts were created from', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const relays = await listRelays(directory, { urls: [relay] })
    const said = { accounts: 120, asked: { throttled: 1 } }
    expect(relays).toMatchObject(version < 4 ? [] : [said])
    const { accounts } = await listCreatedAccounts(directory, { after: 0, before: 1e15, limit: 9 })
    const network = version < 4 ? null : '192.0.2.0/24'
    expect(accounts).toMatchObject([{ did: alice, network }])
  })
})

describe.each(versionsOf('sequencer'))('a sequencer of schema version %d', (version) => {
  it('replays its log and knows where each repo stands', async () => {
    const sequencer = testSequencer({ sql: opened('sequencer', version) })
    const { head } = await bounds(sequencer)
    const page = await read(sequencer, { after: 0, limit: 100 } as never)
    expect(page.events.length).toBeGreaterThanOrEqual(8)
    const privateEvents = [[], [head], [head - 1, head]][Math.max(0, version - 2)] ?? []
    expect(page.events.at(-1)?.seq).toBe(head - privateEvents.length)
    const range = { after: 0, through: head, limit: 9, maxBytes: 1e6 }
    const stored = await readPrivateEvents(sequencer.sql, range)
    expect(stored.events.map(({ seq }) => seq)).toEqual(privateEvents)
    expect((await size(sequencer)).events).toBe(page.events.length)
    const stateSeqs = await stateSeqsOf(sequencer, { dids: [testDid] })
    expect(stateSeqs).toEqual(version < 4 ? {} : { [testDid]: head })
    expect(JSON.stringify(await headsOf(sequencer, { dids: [testDid] }))).toContain('bafy')
  })
})

describe.each(versionsOf('authorization'))('a shard of schema version %d', (version) => {
  it('knows its requests, browsers, proofs and tokens', async () => {
    const shard = testShard({ after: { sql: opened('authorization', version) } as never })
    const first = { id: 'req-1', codeHash: 'code-1', attempt: 'first' }
    expect(await consumeRequest(shard, first)).toMatchObject({ did: alice })
    expect(await consumeRequest(shard, { ...first, attempt: 'second' })).toBeNull()
    expect(await readDeviceWithAccounts(shard, { id: 'dev-1' })).toMatchObject({ dids: [alice] })
    const hash = createHash('sha256').update('proof').digest('base64url')
    expect(await isFirstUse(shard, { hash, attempt: 'second', ttlMs: 1 })).toBe(false)
    expect(await findTokenOwner(shard, { hash: 'token' })).toMatchObject({
      did: alice,
      requestId: 'req-1',
    })
  })
})

describe.each(versionsOf('webhooks'))('webhooks of schema version %d', (version) => {
  it('have the endpoint, its secret and the delivery that waits', async () => {
    const test = await testWebhooks({ database: opened('webhooks', version) })
    expect(test.waiting()).toBe(1)
    await expect.poll(test.states).toEqual(['2 delivered'])
    expect(test.received).toMatchObject([{ data: { seq: 2 }, url: hook }])
    expect(test.received[0]!.signature).toMatch(/^v1,/)
  })
})

/** Databases with data of every kind that this release writes: later releases must open them. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Account } from '#src/account/account.ts'
import { acting } from '#src/account/acting.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecoveryCodes } from '#src/account/factors/codes.ts'
import { beginTotp, confirmTotp } from '#src/account/factors/totp.ts'
import { acceptInvite } from '#src/account/group/invitations.ts'
import { putRole } from '#src/account/group/roles.ts'
import { storeRestore } from '#src/account/history/restore-rows.ts'
import { noteRotationKey } from '#src/account/identity/own-rotation-keys.ts'
import { deleteDelivered } from '#src/account/kept-answers.ts'
import { beginMigration, claimMigration, saveMigration } from '#src/account/lifecycle/migration.ts'
import { setAuthorizedClient, signInOnDevice } from '#src/account/oauth/devices-and-clients.ts'
import { createGrant, rotateGrant } from '#src/account/oauth/grants.ts'
import { keepCommits } from '#src/account/past.ts'
import { putPreferences } from '#src/account/preferences/preferences.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { requestToken } from '#src/account/sessions/emails.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import { createDevice, setDeviceAccount } from '#src/authorization/devices.ts'
import { storeLexicon } from '#src/authorization/lexicons.ts'
import { isFirstUse } from '#src/authorization/replay-store.ts'
import { createRequest, updateRequest } from '#src/authorization/requests.ts'
import type { AuthorizationShard } from '#src/authorization/shard.ts'
import { putTokenOwner } from '#src/authorization/token-index.ts'
import * as directory from '#src/directory/directory.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { append, appendPrivate } from '#src/sequencer/log.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { createKey } from '#src/tenants/api-keys.ts'
import { beginKeyedCall, endKeyedCall } from '#src/tenants/idempotency.ts'
import { addJobPart, beginJob, endJobPart, startJob } from '#src/tenants/jobs.ts'
import type { TenantContext } from '#src/tenants/tenant.ts'
import { fillArchives } from '#tests/support/archive-rows.ts'
import { actingAs, eddie, invite, makeGroup, owner, vera } from '#tests/support/group-scenarios.ts'
import { once } from '#tests/support/memory-blobs.ts'
import { fillMoves, nextServer } from '#tests/support/move-fixtures.ts'
import { totpCode } from '#tests/support/totp-code.ts'
import type { TestWebhooks } from '#tests/support/webhooks-fixture.ts'

export const password = 'correct horse battery'
export const appPassword = 'abcd-efgh-ijkl-mnop'
export const collection = 'com.example.thing'
export const preferences = [
  { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false },
  { $type: 'app.bsky.actor.defs#personalDetailsPref', birthDate: '1990-01-01T00:00:00.000Z' },
]
export const ownRotationKey = 'did:key:owner'
const image = Uint8Array.of(1, 2, 3)
export const imageCid = cidForRaw(image)
const heldImage = Uint8Array.of(5, 6)
export const heldCid = cidForRaw(heldImage)
export const appId = 'https://app.example.com/client.json'
const hour = 3_600_000

/** An account that has done a little of everything, at the moment that its clock shows. Its events are still in the outbox. */
export async function fillAccount(account: Account): Promise<void> {
  const now = account.clock.now()
  await account.privateOutbox.settled()
  // Those that are delivered are deleted from time to time.
  account.privateOutbox.close()
  await setPassword(account, { password })
  await createWithKey(account, 'kept')
  const { outboxId, rev } = await account.lane.head()
  await account.sql.batch([...keepCommits(outboxId), ...deleteDelivered(outboxId)])
  // Of a restore that was cut off.
  const restore = { startedAt: now, by: { did: account.did }, detail: `to ${rev}` }
  const item = { path: `${collection}/lost`, cid: imageCid, current: null }
  await account.sql.batch(storeRestore(restore, [item]))
  for (const rkey of ['one', 'two', 'gone', 'hidden']) {
    await createRecord(account, { collection, rkey, record: { $type: collection, rkey } })
  }
  await putRecord(account, { collection, rkey: 'two', record: { $type: collection, n: 2 } })
  await deleteRecord(account, { collection, rkey: 'gone' })
  await setRecordTakedown(account, { collection, rkey: 'hidden', ref: 'moderator' })
  const follow = 'app.bsky.graph.follow'
  const createdAt = new Date(now).toISOString()
  const record = { $type: follow, subject: 'did:plc:z72i7hdynmk6r22z27h6tvur', createdAt }
  await createRecord(account, { collection: follow, record })
  for (const [rkey, bytes] of Object.entries({ image, 'gone-image': heldImage })) {
    await upload(account, bytes)
    const ref = { $link: cidForRaw(bytes) }
    const blob = { $type: 'blob', ref, mimeType: 'image/png', size: bytes.length }
    await createRecord(account, { collection, rkey, record: { $type: collection, blob } })
  }
  await account.blobs.whenReconciled()
  await deleteRecord(account, { collection, rkey: 'gone-image' })
  await upload(account, Uint8Array.of(4))
  await createSession(account, { password, client: { ip: '192.0.2.1', userAgent: 'a browser' } })
  await createAppPassword(account, { name: 'app', password: appPassword, privileged: true })
  await createSession(account, { password: appPassword })
  await requestToken(account, { purpose: 'plc_operation' })
  const { key } = await beginTotp(account)
  await confirmTotp(account, { code: totpCode(key, now) })
  await createRecoveryCodes(account)
  const grant = {
    ...{ id: 'tok-1', refreshHash: 'refresh-1' },
    data: JSON.stringify({ clientId: 'http://localhost', parameters: {}, scope: 'atproto' }),
    expiresAt: now + hour,
    createdAt: now,
    updatedAt: now,
  }
  await createGrant(account, { ...grant, codeHash: 'code-1' })
  await rotateGrant(account, {
    id: 'tok-1',
    next: { ...grant, id: 'tok-2', refreshHash: 'refresh-2' },
  })
  await signInOnDevice(account, { deviceId: 'dev-1' })
  await setAuthorizedClient(account, { clientId: 'http://localhost', data: '{}' })
  await putPreferences(account, { preferences, fullAccess: true })
  await noteRotationKey(account, { key: ownRotationKey })
  await beginMigration(account, { direction: 'out', server: nextServer, session: image })
  await claimMigration(account, { run: 'run-1' })
  await saveMigration(account, { run: 'run-1', step: 'blobs', progress: { repoBytes: 7 } })
  await account.outbox.settled()
  await createWithKey(account, 'last')
  await fillGroup(account)
  await account.lane.settled()
  await account.blobs.whenReconciled()
}

async function fillGroup(account: Account): Promise<void> {
  await makeGroup(account, { [eddie]: 'editor' })
  await putRole(account, { by: owner, name: 'poster', scope: 'repo:*', manage: ['audit'] })
  await acceptInvite(account, {
    by: { did: vera },
    token: await invite(account, { approval: true }),
  })
  const writer = acting(account, actingAs(eddie, 'editor'), 'repo.createRecord')
  await createRecord(writer, { collection, rkey: 'by-eddie', record: { $type: collection } })
}

async function createWithKey(account: Account, rkey: string): Promise<void> {
  const record = { $type: collection, n: 3 }
  const input = { collection, rkey, record, client: appId }
  await createRecord(account, input, { id: `key of ${rkey}`, issuedAt: account.clock.now() })
}

async function upload(account: Account, bytes: Uint8Array): Promise<void> {
  const key = await account.blobs.storage.putTemp(account.did, once(bytes))
  const of = { cid: cidForRaw(bytes), mimeType: 'image/png', size: bytes.length }
  await addUpload(account, { ...of, key })
}

export const alice = 'did:plc:aliceaaaaaaaaaaaaaaaaaaa'
export const relay = 'https://relay.example.com'

/** A directory with a confirmed account, a reservation, an invite code in use, and something of everything else. */
export async function fillDirectory(of: Directory): Promise<void> {
  const codes = ['pds-test-abcde-fghij']
  await directory.createInviteCodes(of, { useCount: 2, codes: [{ account: 'admin', codes }] })
  const key = { signingKey: Uint8Array.of(1, 2, 3), signingKeyDid: 'did:key:z' }
  const inviteCode = codes[0]!
  const network = '192.0.2.0/24'
  const reserve = (did: string, name: string) => {
    const names = { handle: `${name}.test`, email: `${name}@example.com` }
    return directory.reserveAccount(of, { did, ...names, ...key, inviteCode, network })
  }
  await reserve(alice, 'alice')
  const createdAt = '2026-01-01T00:00:00.000Z'
  const confirmation = { passwordHash: 'salt:hash', tokenId: 'first', createdAt }
  await directory.confirmAccount(of, { did: alice, ...confirmation })
  await reserve('did:plc:bobbbbbbbbbbbbbbbbbbbbbb', 'bob')
  await directory.recordPasswordReset(of, { did: alice, token: 'AAAAA-BBBBB' })
  await directory.beginIdentityChange(of, { did: alice, handle: 'new.test' })
  await directory.putSetting(of, { name: 'handles', value: '{}' })
  await directory.reserveKey(of, { name: 'did:key:zzz', ...key, signingKeyDid: 'did:key:zzz' })
  await directory.recordKeyRotation(of, { did: alice })
  const membership = { did: 'did:plc:eddieeditor', role: 'editor', expiresAt: null }
  await directory.setMemberships(of, { account: alice, memberships: [membership] })
  await directory.createTenant(of, { id: 'roomy', name: 'Roomy', did: 'did:web:roomy.example' })
  await directory.putTenantAdmin(of, { tenant: 'roomy', did: 'did:plc:ruth', role: 'admin' })
  const roomy = { tenant: 'roomy', domain: 'roomy.example', challenge: 'challenge' }
  await directory.putTenantDomain(of, { ...roomy, labelMin: 3, labelMax: 63 })
  await directory.setDomainVerified(of, roomy)
  const space = { did: 'did:plc:space', handle: 'space.roomy.example', email: null, ...key }
  const invites = { tenant: 'roomy', codes: ['roomy_abcde-fghij'], uses: 1, by: 'operator' }
  await directory.createTenantInvites(of, invites)
  await directory.reserveAccount(of, { ...space, inviteCode: invites.codes[0]! })
  const records = [{ collection, rkey: 'self', value: { n: 1 } }]
  const genesis = '{"type":"plc_operation"}'
  const begun = { did: 'did:plc:begun', handle: 'begun.roomy.example', externalId: 'two' }
  const account = { ...begun, ...key, email: null, records, genesis }
  await directory.reserveForTenant(of, { tenant: 'roomy', accounts: [account] })
  const gone = { did: 'did:plc:gone', handle: 'gone.roomy.example', externalId: 'three' }
  await directory.reserveForTenant(of, {
    ...{ tenant: 'roomy', accounts: [{ ...gone, ...key, email: null }] },
  })
  const confirmed = { did: gone.did, passwordHash: null, tokenId: null, createdAt }
  await directory.confirmForTenant(of, { accounts: [confirmed] })
  await directory.setState(of, { did: gone.did, status: 'deleted', deleteAfter: null })
  await directory.removeDeletedAccount(of, { did: gone.did })
  await directory.setWebhookOwner(of, { owner: 'server', isListed: true })
  await directory.createTenant(of, { id: 'other', name: 'Other' })
  await directory.setTenantStatus(of, { id: 'other', status: 'suspended' })
  await directory.addJob(of, { tenant: 'roomy', job: 'job-1' })
  await directory.addReminder(of, { did: alice, process: 'folder-1' })
  const entry = { id: 'entry-1', actor: 'admin password', action: 'takedown', target: alice }
  await directory.addOperatorAudit(of, { ...entry, detail: '{}', address: '192.0.2.1' })
  const report = { reasonType: 'com.atproto.moderation.defs#reasonSpam', text: 'ads' }
  await directory.addReport(of, {
    ...{ id: 'report-1', subject: { did: alice }, ...report },
    ...{ by: 'did:plc:reporter', isLimited: true },
  })
  const op = { by: 'admin password', id: 1 }
  await directory.updateCase(of, { ...op, entryId: 'note-1', state: 'escalated', text: 'a note' })
  const [lease, holder] = ['round', 'a gateway']
  await directory.takeArchiveLease(of, { name: lease, holder, ms: hour })
  const archiveRound = { startedAt: of.clock.now(), after: null, endedAt: null, drilledAt: null }
  await directory.putArchiveRound(of, { holder, round: archiveRound })
  await fillArchives(of, alice)
  await directory.recordDrill(of, { did: alice, error: 'a blob is missing' })
  const said = { status: 'active', accounts: 120, seq: 5, lagMs: 30, error: null }
  const turn = { nextAt: of.clock.now(), failures: 0 }
  await directory.recordRelay(of, { url: relay, urls: [relay], ...said, ...turn })
  const accounts = [{ did: alice, status: 'throttled' }]
  await directory.recordRelayAccounts(of, { url: relay, accounts })
  await fillMoves(of, alice)
}

/** A log of these events, and a private one. */
export async function fillSequencer(
  sequencer: Sequencer,
  did: string,
  entries: readonly OutboxEntry[],
): Promise<void> {
  await append(sequencer, { did, entries })
  const body = JSON.stringify({ change: 'created', kind: 'password' })
  const session = { id: 1, kind: '#session', time: sequencer.clock.now(), subject: 'sid', body }
  const factor = { ...session, id: 2, kind: '#factor' }
  await appendPrivate(sequencer, { did, entries: [session, factor] })
}

/** A shard with a request that has a code, a browser, and something of everything else. */
export async function fillAuthorization(shard: AuthorizationShard): Promise<void> {
  const expiresAt = shard.clock.now() + hour
  const request = { data: '{}', parameters: '{}', deviceId: 'dev-1', did: null, codeHash: null }
  await createRequest(shard, { id: 'req-1', ...request, expiresAt })
  await updateRequest(shard, { id: 'req-1', did: alice, codeHash: 'code-1' })
  const device = { sessionId: 'ses-1', userAgent: 'a browser', ipAddress: '192.0.2.1' }
  await createDevice(shard, { id: 'dev-1', ...device, lastSeenAt: shard.clock.now() })
  await setDeviceAccount(shard, { id: 'dev-1', did: alice, signedIn: true })
  const hash = createHash('sha256').update('proof').digest('base64url')
  await isFirstUse(shard, { hash, attempt: 'first', ttlMs: hour })
  await putTokenOwner(shard, { hash: 'token', did: alice, requestId: 'req-1', ttlMs: hour })
  await storeLexicon(shard, { nsid: 'com.example.permissions', data: '{}' })
}

/** A tenant with an API key and an audit log. */
export async function fillTenant(tenant: TenantContext): Promise<void> {
  const key = { prefix: 'hw_roomy_abcdef', hash: 'hash of the key', name: 'server' }
  const more = { scopes: ['accounts:read' as const], addresses: ['192.0.2.0/24'], expiresAt: null }
  const audit = { actor: 'did:plc:ruth', action: 'dev.headwater.tenant.createKey' }
  await createKey(tenant, { key: { ...key, ...more }, audit: { ...audit, target: key.prefix } })
  const keyed = { key: 'key-1', call: 'call-1' }
  await beginKeyedCall(tenant, { ...keyed, bodyHash: 'body-1' })
  await endKeyedCall(tenant, { ...keyed, answer: image })
  await beginJob(tenant, { id: 'job-1', kind: 'createAccounts', by: 'operator' })
  for (const n of [0, 1]) await addJobPart(tenant, { id: 'job-1', n, input: image, rows: 2 })
  await startJob(tenant, { id: 'job-1' })
  const counts = { created: 1, existing: 0, failed: 1 }
  await endJobPart(tenant, { id: 'job-1', n: 0, results: '{"n":1}\n', ...counts })
}

/** Webhooks whose endpoint is away: one delivery waits, one was made. */
export async function fillWebhooks(test: TestWebhooks): Promise<void> {
  await test.add({ types: ['*', 'record.*'], collections: ['com.example.*'] })
  await test.session(alice)
  while (!(await test.states()).includes('1 delivered')) await setImmediate()
  test.answer(() => new Promise(() => {}))
  await test.session(alice)
  while (test.waiting() !== 1) await setImmediate()
  test.webhooks.close()
}

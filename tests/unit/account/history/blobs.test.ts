/** Blobs of deleted records: held while the history has a record that references them, and then deleted. */

import { parseCid } from '@atproto/lex-data'
import { beforeEach, expect, it } from 'vitest'
import { deleteUnusedUploads } from '#src/account/blobs/delete-unused-uploads.ts'
import { blobUsage, listOwnBlobs } from '#src/account/blobs/own-blobs.ts'
import { countBlobs, findBlob, listBlobs } from '#src/account/blobs/read.ts'
import { setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { getRecordVersions } from '#src/account/history/read.ts'
import { restoreRecords, restoreRepo } from '#src/account/history/restore.ts'
import {
  deleteVersions,
  emptyHistory,
  followSettings,
  putSettings,
} from '#src/account/history/settings.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import type { Statement } from '#src/ports/sql.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { memoryBlobStorage, once } from '#tests/support/memory-blobs.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const by = { did: testDid }
const DAY_MS = 24 * 60 * 60 * 1000
const bytes = Buffer.from('a picture')
const cid = cidForRaw(bytes)
const place = `place/${testDid}/${cid}`
const blob = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: bytes.length }
const path = (rkey: string) => `${collection}/${rkey}`

const clock = { time: 0, now: () => clock.time }
const statements: Statement[] = []
let storage: ReturnType<typeof memoryBlobStorage>
let account: OpenAccount

/** An account with a record `one` that references a blob. */
beforeEach(async () => {
  clock.time = Date.parse('2026-01-01T00:00:00Z')
  storage = memoryBlobStorage()
  account = await openTestAccount({
    blobs: { storage },
    clock,
    onBatch: (when, batch) => void (when === 'before' && statements.push(...batch)),
  })
  await followSettings(account)
  await upload()
  await create('one')
})

async function upload(): Promise<void> {
  const key = await storage.putTemp(testDid, once(bytes))
  await addUpload(account, { key, cid, mimeType: 'image/png', size: bytes.length })
}
const create = (rkey: string, n = 0) =>
  createRecord(account, { collection, rkey, record: { $type: collection, blob, n } })
async function remove(rkey: string): Promise<void> {
  await deleteRecord(account, { collection, rkey })
  await account.blobs.whenReconciled()
}
const headRev = async () => (await account.lane.head()).rev
async function stored(): Promise<unknown> {
  await account.blobs.whenReconciled()
  await account.sql.batch(account.blobs.takeOutcomes())
  const rows = await account.sql.all<{ state: string | null }>('SELECT state FROM blob')
  return { states: rows.map(({ state }) => state), bytes: storage.files.has(place) }
}
const held = { states: ['held'], bytes: true }
const used = { states: [null], bytes: true }
const gone = { states: [], bytes: false }
/** So many commits that what is too old is deleted. */
async function writeOn(): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await createRecord(account, { collection, record: { $type: collection, n } })
    await account.outbox.settled()
  }
}

it('the blob of a deleted record is not served nor listed, counts for the quota, and returns with the record', async () => {
  const at = await headRev()
  await remove('one')
  await expect(findBlob(account, { cid }, 'anyone')).rejects.toMatchObject({
    error: 'BlobNotFound',
  })
  expect((await listBlobs(account, { limit: 9 }, 'anyone')).cids).toEqual([])
  expect(await countBlobs(account)).toEqual({ expectedBlobs: 0, importedBlobs: 0 })
  expect(await blobUsage(account)).toMatchObject({ count: 1, bytes: bytes.length })
  expect((await listOwnBlobs(account, { limit: 9 })).blobs).toMatchObject([
    { isHeld: true, uses: 0 },
  ])
  const { records } = await restoreRecords(account, { by, at, paths: [path('one')] })
  expect(records).toMatchObject([{ result: 'restored' }])
  expect(await findBlob(account, { cid }, 'anyone')).toMatchObject({ mimeType: 'image/png' })
  expect(await stored()).toEqual(used)
})

it('a new record takes no statement for held blobs, and a deletion takes one', async () => {
  const about = () =>
    statements.splice(0).filter(({ sql }) => sql.includes('INTO past_blob')).length
  about()
  await create('two')
  expect(about()).toBe(0)
  await remove('two')
  expect(about()).toBe(1)
})

it('the blob of a replaced record is held, and stays if the new record references it too', async () => {
  const at = await headRev()
  await putRecord(account, { collection, rkey: 'one', record: { $type: collection, blob, n: 1 } })
  expect(await stored()).toEqual(used)
  await putRecord(account, { collection, rkey: 'one', record: { $type: collection, n: 2 } })
  await restoreRepo(account, { by, at })
  await account.background.settled()
  expect(await findBlob(account, { cid }, 'anyone')).toBeDefined()
})

it('a blob is deleted with the last past record that references it', async () => {
  await remove('one')
  clock.time += DAY_MS
  await upload()
  await create('two')
  await remove('two')
  clock.time += 6 * DAY_MS + 2 * 60 * 60 * 1000
  await writeOn()
  account.blobs.reconcile()
  expect(await stored()).toEqual(held)
  clock.time += DAY_MS
  await writeOn()
  account.blobs.reconcile()
  expect(await stored()).toEqual(gone)
  expect(await account.sql.all('SELECT * FROM past_blob')).toEqual([])
})

it('a blob that is too old is deleted when the account wakes', async () => {
  await remove('one')
  clock.time += 9 * DAY_MS
  account = await openTestAccount({ clock, sql: account.sql, blobs: { storage } })
  await followSettings(account)
  expect(await stored()).toEqual(gone)
})

it.each<[string, () => Promise<unknown>]>([
  ['the versions are deleted', () => deleteVersions(account, { by, collection, rkey: 'one' })],
  ['the history is emptied', () => emptyHistory(account, { by })],
  ['the history is ended', () => putSettings(account, { by, days: 0 })],
  [
    'a repo is imported',
    async () => {
      const records = { [path('two')]: { $type: collection } }
      const { car } = foreignRepo({ did: testDid, signer: testKey, records })
      await importCar(account, car, { keys: [] })
    },
  ],
  ['the account is deleted', () => deleteAccount(account).then(() => finishDeletion(account))],
])('a held blob is deleted if %s', async (_, act) => {
  await remove('one')
  await act()
  expect(await stored()).toEqual(gone)
})

it('an import that references a held blob makes it a blob of its record', async () => {
  await remove('one')
  const image = { ...blob, ref: parseCid(cid) }
  const records = { [path('two')]: { $type: collection, image } }
  const { car } = foreignRepo({ did: testDid, signer: testKey, records })
  await importCar(account, car, { keys: [] })
  expect(await stored()).toEqual(used)
})

it('nothing of a record that is taken down is held', async () => {
  await setRecordTakedown(account, { collection, rkey: 'one', ref: 'mod' })
  await remove('one')
  expect(await stored()).toEqual(gone)
})

it('the takedown of a record deletes the blobs of what it was', async () => {
  await putRecord(account, { collection, rkey: 'one', record: { $type: collection, n: 1 } })
  expect(await stored()).toEqual(held)
  await setRecordTakedown(account, { collection, rkey: 'one', ref: 'mod' })
  expect(await stored()).toEqual(gone)
})

it('a held blob that is taken down cannot be restored, until the takedown ends', async () => {
  const at = await headRev()
  await remove('one')
  await setBlobTakedown(account, { cid, ref: 'mod' })
  expect(storage.files.has(place)).toBe(false)
  const restore = () => restoreRecords(account, { by, at, paths: [path('one')] })
  expect((await restore()).records).toMatchObject([{ result: 'unavailable' }])
  expect(await restoreRepo(account, { by, at, dryRun: true })).toMatchObject({ unavailable: 1 })
  const { json } = await getRecordVersions(account, { by, collection, rkey: 'one', limit: 9 })
  expect(JSON.parse(json).versions).toMatchObject([{ restorable: false }])
  await setBlobTakedown(account, { cid, ref: null })
  expect((await restore()).records).toMatchObject([{ result: 'restored' }])
  expect(await stored()).toEqual(used)
})

it('a blob is held for as long as one of two deleted records has it', async () => {
  await create('two')
  await remove('one')
  await remove('two')
  await deleteVersions(account, { by, collection, rkey: 'one' })
  expect(await stored()).toEqual(held)
  await deleteVersions(account, { by, collection, rkey: 'two' })
  expect(await stored()).toEqual(gone)
})

it('a held blob that is uploaded again may be used again, and is held again if the upload is not used', async () => {
  await remove('one')
  await upload()
  await deleteUnusedUploads(account, { before: Number.MAX_SAFE_INTEGER, keys: [] })
  expect(await stored()).toEqual(held)
  await upload()
  await create('two')
  expect(await stored()).toEqual(used)
  expect([...storage.files.keys()]).toEqual([place])
})

it('a held blob that is uploaded again is deleted with the last past record that references it', async () => {
  await remove('one')
  await upload()
  await deleteVersions(account, { by, collection, rkey: 'one' })
  expect(await stored()).toEqual(gone)
  expect([...storage.files.keys()]).toEqual([])
})

it('a blob whose record was deleted before its upload was moved is held', async () => {
  await upload()
  storage.onStep = () => Promise.reject(new Error('away'))
  await remove('one')
  storage.onStep = () => {}
  account = await openTestAccount({ clock, sql: account.sql, blobs: { storage } })
  account.blobs.resume()
  expect(await stored()).toEqual(held)
})

it('held blobs count for the quota, and an upload over it says so', async () => {
  account = await openTestAccount({
    ...{ clock, sql: account.sql },
    blobs: { storage, quotaBytes: bytes.length },
  })
  await remove('one')
  await account.sql.batch(account.blobs.takeOutcomes())
  const other = { cid: cidForRaw(Buffer.of(1)), mimeType: 'a/b', size: 1, key: 'none' }
  await expect(addUpload(account, other)).rejects.toMatchObject({
    error: 'BlobQuotaExceeded',
    message: expect.stringContaining(`the history of deleted records has ${bytes.length}`),
  })
  await emptyHistory(account, { by })
  await account.blobs.whenReconciled()
  await addUpload(account, other)
})

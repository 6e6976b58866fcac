/** Moving and deleting the bytes of blobs, while writes are committed and not yet durable. */
import { expect, it } from 'vitest'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { noHistory, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const bytes = Buffer.from('some text')
const cid = cidForRaw(bytes)
const blob = { $type: 'blob', ref: { $link: cid }, mimeType: 'text/plain', size: bytes.length }
const place = `place/${testDid}/${cid}`
const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
}

/** An account with a blob that the record `a` refers to. While `holds` are set, transactions or syncs wait in them. */
async function setUp() {
  const storage = memoryBlobStorage()
  const held = { syncs: [] as (() => void)[], batches: [] as (() => void)[] }
  const holds = { syncs: false, batches: false }
  const wait = (kind: 'syncs' | 'batches') =>
    holds[kind] ? new Promise<void>((resolve) => held[kind].push(resolve)) : Promise.resolve()
  const account = await openTestAccount({
    blobs: { storage },
    history: noHistory,
    sync: () => wait('syncs'),
    onBatch: (when) => (when === 'before' ? wait('batches') : undefined),
  })
  const key = await storage.putTemp(testDid, [bytes] as never)
  await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  return { account, storage, held, holds }
}

it('the bytes of a blob are not deleted before the deletion of its last record is durable', async () => {
  const { account, storage, held, holds } = await setUp()
  holds.syncs = true
  const deleting = deleteRecord(account, { collection, rkey: 'a' })
  await expect.poll(() => held.syncs).toHaveLength(1)
  account.blobs.reconcile()
  await turns()
  expect(storage.files.has(place)).toBe(true)
  holds.syncs = false
  for (const endSync of held.syncs) endSync()
  await deleting
  await account.blobs.whenReconciled()
  expect(storage.files.has(place)).toBe(false)
})

it('a blob keeps its bytes if a write that references it ends after they were found unused', async () => {
  const { account, storage, held, holds } = await setUp()
  holds.batches = true
  const deleting = deleteRecord(account, { collection, rkey: 'a' })
  await turns()
  const creating = createRecord(account, { collection, rkey: 'b', record: { blob } })
  await turns()
  holds.syncs = true
  held.batches.shift()!()
  await expect.poll(() => held.syncs).toHaveLength(1)
  held.syncs.shift()!()
  await deleting
  // Now the blob was found unused.
  await expect.poll(() => held.syncs).toHaveLength(1)
  const [endSync] = held.syncs
  holds.syncs = false
  holds.batches = false
  held.batches.shift()!()
  await creating
  endSync!()
  await account.blobs.whenReconciled()
  expect(storage.files.get(place)).toEqual(bytes)
})

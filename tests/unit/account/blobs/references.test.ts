import { expect, it } from 'vitest'
import { findBlob } from '#src/account/blobs/read.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { noHistory, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const bytes = Buffer.from('some text')
const cid = cidForRaw(bytes)
const blob = { $type: 'blob', ref: { $link: cid }, mimeType: 'text/plain', size: bytes.length }
const place = `place/${testDid}/${cid}`

/** An account with an upload, and a gate that blocks its transactions while it is closed. */
async function setUp(quotaBytes?: number) {
  const storage = memoryBlobStorage()
  let gate: Promise<void> | undefined
  const account = await openTestAccount({
    blobs: { storage, ...(quotaBytes !== undefined && { quotaBytes }) },
    history: noHistory,
    onBatch: async (when) => {
      if (when === 'before') await gate
    },
  })
  const upload = async () => {
    const key = await storage.putTemp(testDid, one(bytes))
    await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
    return key
  }
  /** Closes the gate; the returned function opens it. */
  const close = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return () => {
      gate = undefined
      resolve()
    }
  }
  const rows = () => account.sql.all<{ state: string | null }>('SELECT cid, state FROM blob')
  return { account, storage, upload, close, rows }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

it('a blob keeps its bytes if a write in progress references it, although the last record that did was just deleted', async () => {
  const { account, storage, upload, close } = await setUp()
  await upload()
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  const openFirst = close()
  const deleting = deleteRecord(account, { collection, rkey: 'a' })
  await turns(3)
  // It still sees the record: the transaction that deletes it has not ended.
  const creating = createRecord(account, { collection, rkey: 'b', record: { blob } })
  await turns(3)
  openFirst()
  const openSecond = close()
  await deleting
  await turns(3)
  expect(storage.files.has(place)).toBe(true)
  openSecond()
  await creating
  await account.blobs.whenReconciled()
  expect(storage.files.get(place)).toEqual(bytes)
  expect(await findBlob(account, { cid }, 'anyone')).toMatchObject({ mimeType: 'text/plain' })
})

it('a blob is deleted if the write in progress that references it fails', async () => {
  const { account, storage, upload, close } = await setUp()
  await upload()
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  const open = close()
  const deleting = deleteRecord(account, { collection, rkey: 'a' })
  await turns(3)
  const creating = createRecord(account, {
    ...{ collection, rkey: 'b', record: { blob } },
    swapCommit: cid,
  })
  open()
  await expect(creating).rejects.toMatchObject({ error: 'InvalidSwap' })
  await deleting
  await account.blobs.whenReconciled()
  await turns(3)
  await account.blobs.whenReconciled()
  expect(storage.files.size).toBe(0)
})

it('a write runs no blob query if no record references a blob', async () => {
  const { account } = await setUp()
  account.blobs.resume()
  await turns(2)
  await createRecord(account, { collection, rkey: 'a', record: { n: 1 } })
  await putRecord(account, { collection, rkey: 'a', record: { n: 2 } })
  await deleteRecord(account, { collection, rkey: 'a' })
  expect(account.blobs.mayHaveReferences).toBe(false)
})

it('applyWrites can move a blob from one record to another in one commit', async () => {
  const { account, storage, upload, rows } = await setUp()
  await upload()
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await applyWrites(account, {
    writes: [
      { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey: 'a' },
      { $type: 'com.atproto.repo.applyWrites#create', collection, rkey: 'b', value: { blob } },
    ],
  })
  await account.blobs.close()
  expect(storage.files.has(place)).toBe(true)
  expect(await rows()).toEqual([{ cid, state: null }])
})

it('an upload that a record already references is made permanent at once', async () => {
  const { account, storage, upload } = await setUp()
  await account.sql.batch([
    { sql: 'INSERT INTO record_blob (blob_cid, path) VALUES (?, ?)', params: [cid, 'a.b.c/d'] },
  ])
  await upload()
  await account.blobs.whenReconciled()
  expect([...storage.files.keys()]).toEqual([place])
})

it('uploading the same bytes twice keeps one temporary blob', async () => {
  const { storage, upload } = await setUp()
  await upload()
  const key = await upload()
  expect([...storage.files.keys()]).toEqual([`temp/${testDid}/${key}`])
})

it('uploading the bytes again repairs a blob whose bytes were lost', async () => {
  const { account, storage, upload } = await setUp()
  await upload()
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  storage.files.clear()
  await upload()
  await account.blobs.whenReconciled()
  expect([...storage.files.keys()]).toEqual([place])
})

it('a blob that is about to be deleted does not count against the quota', async () => {
  const { account, upload } = await setUp(bytes.length)
  await upload()
  const other = { cid: cidForRaw(Buffer.of(1)), mimeType: 'a/b', size: 1, key: 'none' }
  await expect(addUpload(account, other)).rejects.toMatchObject({
    status: 413,
    error: 'BlobQuotaExceeded',
  })
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await deleteRecord(account, { collection, rkey: 'a' })
  await addUpload(account, other)
})

it('uploads that are added at once do not together exceed the quota', async () => {
  const { account } = await setUp(10)
  const add = (n: number) =>
    addUpload(account, { cid: cidForRaw(Buffer.of(n)), mimeType: 'a/b', size: 4, key: `key${n}` })
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(add))
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ])
})

it('a write during the last attempt to move blobs is looked at, though that attempt fails', async () => {
  const storage = memoryBlobStorage()
  const failures: unknown[] = []
  let duringLast: () => void = () => {}
  const account = await openTestAccount({
    blobs: {
      storage: {
        ...storage,
        makePermanent: async (...args) => {
          if (failures.length >= 3) return storage.makePermanent(...args)
          if (failures.length === 2) duringLast()
          throw new Error('away')
        },
      },
      onFailure: (error) => failures.push(error),
    },
  })
  const key = await storage.putTemp(testDid, one(bytes))
  await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
  duringLast = () => account.blobs.reconcile()
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  expect([...storage.files.keys()]).toEqual([place])
  expect(failures).toHaveLength(3)
})

it('moving blobs is given up after three failed attempts', async () => {
  const storage = memoryBlobStorage()
  let attempts = 0
  const account = await openTestAccount({
    blobs: {
      storage: {
        ...storage,
        makePermanent: () => {
          attempts++
          return Promise.reject(new Error('away'))
        },
      },
    },
  })
  const key = await storage.putTemp(testDid, one(bytes))
  await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
  await createRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  expect(attempts).toBe(3)
})

it('a record is refused if the only blob that it references was not uploaded', async () => {
  const { account } = await setUp()
  const creating = createRecord(account, { collection, rkey: 'a', record: { blob } })
  await expect(creating).rejects.toMatchObject({ status: 400, error: 'BlobNotFound' })
})

it('a blob is moved to its place when an update references it', async () => {
  const { account, storage, upload } = await setUp()
  await createRecord(account, { collection, rkey: 'a', record: { text: '' } })
  await upload()
  await putRecord(account, { collection, rkey: 'a', record: { blob } })
  await account.blobs.whenReconciled()
  expect(storage.files.get(place)).toEqual(bytes)
})

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { s3BlobStorage } from '#src/ports/blob-storage-s3.ts'
import { emptyHistory } from '#tests/support/blobs.ts'
import { createdAt } from '#tests/support/records.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

/** Longer than an upload and the write that references it take. */
const tempMaxAgeMs = 4_000

let s3: S3Server
let bucket: BlobStorage
let server: TestServer
let alice: TestAccount
beforeAll(async () => {
  s3 = await startS3Server()
  bucket = await s3BlobStorage({
    ...s3,
    ...{ region: undefined, forcePathStyle: true },
    ...{ uploadTimeoutMs: 20_000, requestTimeoutMs: 15_000 },
  })
  server = await startServer({
    roles: 'split',
    env: {
      PDS_BLOBSTORE_S3_BUCKET: s3.bucket,
      PDS_BLOBSTORE_S3_ENDPOINT: s3.endpoint,
      PDS_BLOBSTORE_S3_FORCE_PATH_STYLE: 'true',
      PDS_BLOBSTORE_S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      PDS_BLOB_UPLOAD_LIMIT: '20000000',
      PDS_BLOB_TEMP_MAX_AGE_MS: String(tempMaxAgeMs),
    },
  })
  alice = await createTestAccount(server, 'alice')
})
afterAll(async () => {
  await server.remove()
  await s3.stop()
})

async function upload(bytes: Uint8Array) {
  const encoding = 'application/octet-stream'
  const { data } = await alice.agent.com.atproto.repo.uploadBlob(bytes, { encoding })
  return data.blob
}

async function name(file: unknown) {
  const record = { $type: 'com.example.file', file, createdAt }
  const repo = { repo: alice.did, collection: 'com.example.file' }
  const { data } = await alice.agent.com.atproto.repo.createRecord({ ...repo, record })
  return { ...repo, rkey: data.uri.split('/').at(-1)! }
}

async function isStored(cid: string): Promise<boolean> {
  const blob = await bucket.open(alice.did, cid)
  await blob?.close()
  return blob !== undefined
}

async function waiting(): Promise<number> {
  let count = 0
  for await (const _ of bucket.listTemps(Number.MAX_SAFE_INTEGER)) count++
  return count
}

it('a blob is in the bucket as long as a record, or a past one, references it', async () => {
  const bytes = randomBytes(12_000_000)
  const blob = await upload(bytes)
  const record = await name(blob)
  const cid = blob.ref.toString()
  const got = await alice.agent.com.atproto.sync.getBlob({ did: alice.did, cid })
  expect(Buffer.from(got.data).equals(bytes)).toBe(true)
  await expect.poll(() => isStored(cid)).toBe(true)
  await alice.agent.com.atproto.repo.deleteRecord(record)
  await expect(alice.agent.com.atproto.sync.getBlob({ did: alice.did, cid })).rejects.toThrow()
  expect(await isStored(cid)).toBe(true)
  await emptyHistory(server, alice)
  await expect.poll(() => isStored(cid)).toBe(false)
})

it('unused blobs are deleted from the bucket in time, also after a crash, and no others', async () => {
  const kept = await upload(Buffer.from('kept'))
  await name(kept)
  const forgotten = await upload(Buffer.from('forgotten'))
  await server.crashActors()
  await upload(Buffer.from('forgotten, too'))
  expect(await waiting()).toBeGreaterThan(0)
  await expect.poll(waiting, { timeout: 60_000, interval: 500 }).toBe(0)
  await expect(name(forgotten)).rejects.toMatchObject({ error: 'BlobNotFound' })
  expect(await isStored(kept.ref.toString())).toBe(true)
})

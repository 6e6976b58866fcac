import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { S3Storage } from '#src/config/s3-storage.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { s3BlobStorage } from '#src/ports/blob-storage-s3.ts'
import { blobStorageContract } from '#tests/support/blob-storage-contract.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'

let server: S3Server
let storage: BlobStorage
const settings = (): Omit<S3Storage, 'kind'> => ({
  ...server,
  region: 'us-east-1',
  forcePathStyle: true,
  uploadTimeoutMs: 20_000,
  requestTimeoutMs: 15_000,
})
beforeAll(async () => {
  server = await startS3Server()
  storage = await s3BlobStorage(settings())
})
afterAll(() => server.stop())

describe('in a bucket', () => {
  blobStorageContract(() => storage)

  it('the storage check fails if the bucket does not exist', async () => {
    const other = await s3BlobStorage({ ...settings(), bucket: 'other' })
    await expect(other.check()).rejects.toThrow()
  })
})

describe('a bucket that accepts nothing', () => {
  it('a bucket that accepts nothing ends the upload with 504 UpstreamTimeout', async () => {
    const deaf = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => deaf.once('listening', resolve))
    const endpoint = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`
    const slow = await s3BlobStorage({ ...settings(), endpoint, uploadTimeoutMs: 200 })
    async function* source() {
      yield Buffer.from('bytes')
    }
    await expect(slow.putTemp('did:plc:abc', source())).rejects.toMatchObject({
      status: 504,
      error: 'UpstreamTimeout',
    })
    deaf.closeAllConnections()
    deaf.close()
  })

  it('a slow client does not count as a slow bucket', async () => {
    const hasty = await s3BlobStorage({ ...settings(), uploadTimeoutMs: 2_000 })
    async function* source() {
      yield Buffer.alloc(6_000_000)
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      yield Buffer.from('the rest')
    }
    const key = await hasty.putTemp('did:plc:slow', source())
    const blob = await hasty.openTemp('did:plc:slow', key)
    expect(blob?.size).toBe(6_000_008)
    await blob?.close()
  })
})

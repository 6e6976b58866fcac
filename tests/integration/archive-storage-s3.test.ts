import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { s3Storage } from '#src/ports/archive-storage-s3.ts'
import { archiveStorageContract } from '#tests/support/archive-storage-contract.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'

let server: S3Server
let storage: ArchiveStorage
const open = (prefix: string) =>
  s3Storage({
    ...{ ...server, prefix, region: 'us-east-1', forcePathStyle: true },
    ...{ uploadTimeoutMs: 20_000, requestTimeoutMs: 15_000 },
  })
beforeAll(async () => {
  server = await startS3Server()
  storage = await open('archives/')
})
afterAll(() => server.stop())

describe('in a bucket', () => {
  archiveStorageContract(() => storage)

  it('a prefix does not see the objects of another', async () => {
    await storage.put('mine/one', Buffer.from('x'))
    const other = await open('other/')
    expect(await other.get('mine/one')).toBeUndefined()
    expect(await (await open('')).sizeOf('archives/mine/one')).toBe(1)
  })
})

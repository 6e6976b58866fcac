import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { s3Storage } from '#src/ports/archive-storage-s3.ts'
import { type GuardedBucket, openGuardedBucket } from '#src/ports/guarded-bucket.ts'
import { openS3Bucket } from '#src/ports/s3-bucket.ts'
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

it('a bucket that never answers is an error', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const there = await s3Storage({
    ...{ ...server, prefix: '', region: 'us-east-1', forcePathStyle: true },
    ...{ endpoint: `http://127.0.0.1:${port}`, uploadTimeoutMs: 200, requestTimeoutMs: 200 },
  })
  await expect(there.sizeOf('one')).rejects.toMatchObject({ name: 'TimeoutError' })
  silent.closeAllConnections()
  silent.close()
})

describe('in the bucket of a user', () => {
  const location = () => ({
    ...{ bucket: server.bucket, prefix: 'theirs/', endpoint: server.endpoint },
    accessKeyId: server.credentials.accessKeyId,
  })
  const secretAccessKey = 'S3RVER'

  describe('everything works as in any other', () => {
    let opened: GuardedBucket
    beforeAll(async () => {
      opened = await openGuardedBucket(location(), { secretAccessKey, privateNetworks: true })
    })
    afterAll(() => opened.close())
    archiveStorageContract(() => opened.storage)
  })

  it("nothing is asked of the operator's AWS_ENDPOINT_URL", async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', server.endpoint)
    const asked: string[] = []
    const lookup: LookupFunction = (host, _, done) => {
      asked.push(host)
      done(new Error('no such host'), '')
    }
    const opened = await openS3Bucket({
      ...{ bucket: server.bucket, region: 'us-east-1', endpoint: undefined },
      ...{ forcePathStyle: undefined, credentials: server.credentials },
      ...{ uploadTimeoutMs: 5_000, requestTimeoutMs: 5_000 },
      guard: { agent: { lookup }, maxObjectBytes: 1_000 },
    })
    await expect(opened.sizeOf('one')).rejects.toThrow('no such host')
    expect(asked[0]).toMatch(/\.amazonaws\.com$/)
    opened.close()
    vi.unstubAllEnvs()
  })

  it('nothing is asked of a host name in a private network', async () => {
    const endpoint = server.endpoint.replace('127.0.0.1', 'localhost')
    const there = { ...location(), endpoint }
    const guarded = await openGuardedBucket(there, { secretAccessKey, privateNetworks: false })
    await expect(guarded.storage.put('one', Buffer.from('x'))).rejects.toThrow('public domain')
    guarded.close()
  })

  it('a list of empty pages without end ends when it is closed', async () => {
    let asked = 0
    const page = `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>`
    const endless = createServer((_, response) => {
      asked++
      response.writeHead(200, { 'content-type': 'application/xml' }).end(page)
    })
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
    const { port } = endless.address() as AddressInfo
    const there = { ...location(), endpoint: `http://127.0.0.1:${port}` }
    const opened = await openGuardedBucket(there, { secretAccessKey, privateNetworks: true })
    const first = opened.storage.list('')[Symbol.asyncIterator]().next()
    const ended = expect(first).rejects.toThrow()
    await expect.poll(() => asked).toBeGreaterThan(3)
    opened.close()
    await ended
    endless.closeAllConnections()
    endless.close()
  })

  it('an answer without end is not read into memory', async () => {
    let sent = 0
    const endless = createServer((_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(64 * 1024, 0x20))) sent += 64 * 1024
      }
      response.writeHead(200, { 'content-type': 'application/xml' }).on('drain', more)
      more()
    })
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
    const { port } = endless.address() as AddressInfo
    const there = { ...location(), endpoint: `http://127.0.0.1:${port}` }
    const opened = await openGuardedBucket(there, { secretAccessKey, privateNetworks: true })
    const read = async () => {
      for await (const _ of opened.storage.list('')) break
    }
    await expect(read()).rejects.toThrow('more than')
    opened.close()
    endless.closeAllConnections()
    endless.close()
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })
})

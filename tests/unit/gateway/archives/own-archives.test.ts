import { describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { findArchives } from '#src/archive/storage-archives.ts'
import { verifyArchive } from '#src/archive/verify-archive.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { archiveForOwner } from '#src/gateway/archives/own-archive.ts'
import { saveBucket } from '#src/gateway/archives/save-bucket.ts'
import { addBlob, alice, serverKey } from '#tests/support/archive-server.ts'
import { bucket, withBucket } from '#tests/support/owners-bucket.ts'
import { post } from '#tests/support/records.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe("a bucket of an account's owner", () => {
  it('is saved after an object was stored, read and deleted, with its secret sealed', async () => {
    const { ports, theirs, find, opened } = await withBucket()
    await saveBucket(ports, alice, { ...bucket, prefix: '/backup//social/' })
    expect(theirs.puts).toEqual([expect.stringMatching(/^check-/)])
    for await (const { key } of theirs.storage.list('')) expect(key).toBeUndefined()
    const { location, secret } = await find()
    expect(location).toEqual({
      bucket: 'alices-bucket',
      accessKeyId: 'key',
      prefix: 'backup/social/',
    })
    expect(Buffer.from(secret).toString()).not.toContain('a secret')
    expect(opened.at(-1)?.secret).toBe('a secret')
  })

  it('is not saved if it cannot be used, or returns something else', async () => {
    const { ports, theirs, fail } = await withBucket()
    fail('AccessDenied')
    await expect(saveBucket(ports, alice, bucket)).rejects.toThrow('AccessDenied')
    fail(undefined)
    const { get } = theirs.storage
    theirs.storage.get = async (key) => {
      await theirs.storage.put(key, Buffer.from('other'))
      return get(key)
    }
    await expect(saveBucket(ports, alice, bucket)).rejects.toMatchObject({ error: 'BucketFailed' })
    expect(await ports.dispatch.directory.ownBuckets.find({ did: alice })).toBeNull()
  })

  it.each([
    ['http://s3.example.com', 'not https'],
    ['https://127.0.0.1', 'unicast'],
    ['https://[fd00::1]', 'unicast'],
    ['https://[::1]', 'IPv4-compatible'],
    ['https://[::10.0.0.1]', 'IPv4-compatible'],
    ['https://s3.example.com:9000', 'port'],
    ['https://s3.example.com/path', 'without a path'],
    ['https://user@s3.example.com', 'without a path'],
    ['s3.example.com', 'must be a URL'],
  ])('is not at %s', async (endpoint, why) => {
    const { ports, opened } = await withBucket()
    await expect(saveBucket(ports, alice, { ...bucket, endpoint })).rejects.toThrow(why)
    expect(opened).toEqual([])
  })

  it.each([
    { bucket: 'a/b' },
    { bucket: '../x' },
    { region: 'a.b' },
    { prefix: '../x' },
    { accessKeyId: 'a b' },
  ])('is not %j', async (wrong) => {
    const { ports, opened } = await withBucket()
    const saved = saveBucket(ports, alice, { ...bucket, ...wrong })
    await expect(saved).rejects.toMatchObject({ error: 'InvalidBucket' })
    expect(opened).toEqual([])
  })

  it('keeps its secret if only the folder is changed, but not for another service', async () => {
    const { ports, opened } = await withBucket()
    const { secretAccessKey: _, ...same } = bucket
    await expect(saveBucket(ports, alice, same)).rejects.toMatchObject({ error: 'SecretRequired' })
    await saveBucket(ports, alice, bucket)
    await saveBucket(ports, alice, { ...same, prefix: 'two' })
    expect(opened.at(-1)?.secret).toBe('a secret')
    const elsewhere = { ...same, endpoint: 'https://s3.example.com' }
    await expect(saveBucket(ports, alice, elsewhere)).rejects.toMatchObject({
      error: 'SecretRequired',
    })
  })

  it('is forgotten with the account', async () => {
    const { ports, server, account } = await withBucket()
    await saveBucket(ports, alice, bucket)
    await deleteAccount(account)
    await finishDeletion(account)
    await removeDeletedAccount(server.directory, { did: alice })
    expect(await ports.dispatch.directory.ownBuckets.find({ did: alice })).toBeNull()
  })
})

describe('an archive in it', () => {
  it('has repo, blobs and preferences, signed, and no private part', async () => {
    const { ports, account, theirs, find, round } = await withBucket()
    const picture = await addBlob(account, 'a picture')
    const record = { ...post('one'), picture }
    await createRecord(account, { collection: 'app.bsky.feed.post', record, validate: false })
    await account.blobs.whenReconciled()
    await saveBucket(ports, alice, bucket)
    expect(await round()).toEqual([alice])
    const { name, error } = await find()
    expect(error).toBeNull()
    const verify = { storage: theirs.storage, trusted: [serverKey.did()] }
    const { manifest } = await verifyArchive(verify, { did: alice, archive: name! })
    expect(manifest).toMatchObject({ records: 1, blobs: 1 })
    expect(Object.keys(manifest.parts)).toEqual(['repo.car', 'blobs.jsonl', 'preferences.json'])
  })

  it('is made a day after the last one if the account has changed, and not if it is taken down', async () => {
    const { ports, server, account, theirs, write, round } = await withBucket()
    await saveBucket(ports, alice, bucket)
    expect(await round()).toEqual([alice])
    await write()
    expect(await round()).toEqual([])
    server.clock.time += DAY_MS
    expect(await round()).toEqual([alice])
    server.clock.time += DAY_MS
    expect(await round()).toEqual([])
    await changeState(account, { takedownRef: 'case 1' })
    server.clock.time += 2 * DAY_MS
    expect(await round()).toEqual([])
    expect((await findArchives(theirs.storage, alice)).complete).toHaveLength(2)
  })

  it('that fails is tried less and less often, then paused until it is saved or made by hand', async () => {
    const { ports, server, write, find, round, fail } = await withBucket()
    await saveBucket(ports, alice, bucket)
    await write()
    fail('the bucket is gone')
    const waits: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      expect(await round()).toEqual([])
      const { nextAt } = await find()
      if (nextAt === null) break
      waits.push((nextAt - server.clock.now()) / HOUR_MS)
      server.clock.time = nextAt
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 24])
    expect(await find()).toMatchObject({ nextAt: null, error: 'the bucket is gone', failures: 7 })
    fail(undefined)
    server.clock.time += 30 * DAY_MS
    expect(await round()).toEqual([])
    await archiveForOwner(ports, alice)
    expect(await find()).toMatchObject({
      error: null,
      failures: 0,
      nextAt: server.clock.now() + DAY_MS,
    })
  })

  it('is made by one process at a time, and its state says so', async () => {
    const { ports, theirs, find } = await withBucket()
    await saveBucket(ports, alice, bucket)
    const { put } = theirs.storage
    let second: Promise<unknown> | undefined
    let wasRunning = false
    theirs.storage.put = async (key, source) => {
      second ??= archiveForOwner(ports, alice)
      await second.catch(() => {})
      wasRunning ||= (await find()).isRunning
      return put(key, source)
    }
    await archiveForOwner(ports, alice)
    await expect(second).rejects.toMatchObject({ error: 'ArchiveInProgress' })
    expect([wasRunning, (await find()).isRunning]).toEqual([true, false])
  })

  it('ends after an hour, and is an error of the bucket if that is slow or answers nonsense', async () => {
    const { ports, server, theirs, write, find } = await withBucket()
    await saveBucket(ports, alice, bucket)
    await write()
    const { put } = theirs.storage
    theirs.storage.put = async (key, source) => {
      server.clock.time += HOUR_MS
      return put(key, source)
    }
    await expect(archiveForOwner(ports, alice)).rejects.toMatchObject({ status: 504 })
    theirs.storage.put = async () => {
      throw new Error('\u001b[31mno\u0007')
    }
    await expect(archiveForOwner(ports, alice)).rejects.toMatchObject({ error: 'BucketFailed' })
    expect((await find()).error).toBe('The bucket cannot be used:  [31mno ')
  })

  it('of a bucket that was replaced meanwhile says nothing of the new one', async () => {
    const { ports, server, theirs, find } = await withBucket()
    await saveBucket(ports, alice, bucket)
    const { put } = theirs.storage
    theirs.storage.put = async (key, source) => {
      theirs.storage.put = put
      server.clock.time += 1
      await saveBucket(ports, alice, { ...bucket, prefix: 'two' })
      return put(key, source)
    }
    await archiveForOwner(ports, alice)
    expect(await find()).toMatchObject({ name: null, archivedAt: null })
  })
})

/** Owners' buckets that do not answer, and those of members who are none any more. */
import { describe, expect, it } from 'vitest'
import { addMember, removeMember } from '#src/account/group/members.ts'
import { convert } from '#src/account/group/ownership.ts'
import { openOwnArchives } from '#src/gateway/archives/open-own-archives.ts'
import { archiveForOwner } from '#src/gateway/archives/own-archive.ts'
import { saveBucket, TRY_MS } from '#src/gateway/archives/save-bucket.ts'
import { alice, archiveServer, bob, testFolder } from '#tests/support/archive-server.ts'
import { bucket, withBucket } from '#tests/support/owners-bucket.ts'

const HOUR_MS = 3_600_000

describe('a bucket that does not answer', () => {
  it('is not saved if it does not answer in time', async () => {
    const { ports, theirs, passTime, closed } = await withBucket()
    theirs.storage.put = () => new Promise<never>(() => {})
    const saved = expect(saveBucket(ports, alice, bucket)).rejects.toThrow('too slow')
    await passTime(TRY_MS)
    await saved
    expect(closed()).toBe(1)
  })

  it('is tried out one at a time for an account', async () => {
    const { ports } = archiveServer(testFolder())
    const own = openOwnArchives({ ...ports, privateNetworks: true })
    const closed = { ...bucket, endpoint: 'http://127.0.0.1:9' }
    const first = expect(own.save(alice, closed)).rejects.toMatchObject({ error: 'BucketFailed' })
    await expect(own.save(alice, closed)).rejects.toMatchObject({ status: 503 })
    await first
    await expect(own.save(alice, closed)).rejects.toMatchObject({ error: 'BucketFailed' })
  })
})

describe('an archive in a bucket', () => {
  it('ends after an hour, also if the bucket never answers, and others can go on', async () => {
    const { ports, theirs, find, passTime, timers, closed } = await withBucket()
    await saveBucket(ports, alice, bucket)
    expect([closed(), timers.size]).toEqual([1, 0])
    const { put, folders } = theirs.storage
    const never = () => new Promise<never>(() => {})
    theirs.storage.put = never
    const archived = archiveForOwner(ports, alice)
    const refused = expect(archived).rejects.toMatchObject({ error: 'UpstreamTimeout' })
    await passTime(HOUR_MS)
    await refused
    expect(await find()).toMatchObject({ isRunning: false, failures: 1 })
    theirs.storage.put = put
    // A list of empty pages without end.
    const pruning = Promise.withResolvers<void>()
    theirs.storage.folders = async function* (prefix) {
      pruning.resolve()
      await never()
      yield* folders(prefix)
    }
    const pruned = archiveForOwner(ports, alice)
    await pruning.promise
    await passTime(HOUR_MS)
    await pruned
    expect(await find()).toMatchObject({ isRunning: false, error: null })
    expect(closed()).toBe(3)
  })

  it('is no more made in the bucket of a member who has left the group', async () => {
    const { ports, account, find } = await withBucket()
    const member = 'did:plc:eddieeditoreddieeditoraa'
    await convert(account, { by: { did: alice }, owner: bob })
    await addMember(account, { by: { did: bob }, did: member, role: 'admin' })
    await saveBucket(ports, alice, { ...bucket, setBy: member })
    await archiveForOwner(ports, alice)
    await removeMember(account, { by: { did: bob }, did: member })
    await expect(archiveForOwner(ports, alice)).rejects.toMatchObject({ status: 403 })
    expect(await find()).toMatchObject({ error: expect.stringContaining('set it again') })
    await saveBucket(ports, alice, { ...bucket, setBy: bob })
    await archiveForOwner(ports, alice)
  })
})

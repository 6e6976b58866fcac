/** Archives an account in the bucket of its owner: as the server does, but without the private part. */
import type { Manifest } from '#src/archive/manifest.ts'
import { pruneArchives } from '#src/archive/prune.ts'
import type { OwnBucket } from '#src/directory/own-buckets.ts'
import { forbidden, invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import type { ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import { boundedStorage } from '#src/gateway/archives/bounded-storage.ts'
import { messageOf, RETENTION, storeArchive } from '#src/gateway/archives/create-archive.ts'
import { deadlineAfter } from '#src/gateway/archives/deadline.ts'
import { type Lease, withLease } from '#src/gateway/archives/lease.ts'
import type { BucketLocation, GuardedBucket } from '#src/ports/guarded-bucket.ts'
import { bucketSecretContext, ownArchiveLease } from '#src/rules/own-archives.ts'

export interface OwnArchivePorts
  extends Pick<
    ArchivePorts,
    'dispatch' | 'signer' | 'serviceDid' | 'clock' | 'blobs' | 'keys' | 'timer' | 'log'
  > {
  openBucket(location: BucketLocation, secretAccessKey: string): Promise<GuardedBucket>
  /** Why a URL is not used, such as that it is in a private network. */
  urlRefusal(url: URL): Promise<string | undefined>
}

export interface Watch {
  report?: (progress: string) => void
  /** Bytes so far. */
  onStored?: (bytes: number) => void
}

const MAX_MS = 60 * 60 * 1000

/**
 * The outcome is recorded. Throws 400 NoBucket or BucketFailed, 403 if who has set the bucket may not do so any more, 413 if it
 * is too large, 503 ArchiveInProgress, 504 if it takes too long.
 */
export async function archiveForOwner(
  ports: OwnArchivePorts,
  did: string,
  watch: Watch = {},
): Promise<Manifest> {
  const { ownBuckets } = ports.dispatch.directory
  const bucket = await ownBuckets.find({ did })
  if (bucket === null) throw invalidRequest('No bucket is set for archives', 'NoBucket')
  const made = await withLease(ports, ownArchiveLease(did), async (lease) => {
    try {
      await mustStillBeAllowed(ports, bucket)
      return await archiveIn(ports, bucket, lease, watch)
    } catch (error) {
      // An account that was deleted meanwhile has not failed.
      const isGone = error instanceof XrpcError && error.error === 'RepoNotFound'
      const failure = { did, setAt: bucket.setAt, error: messageOf(error) }
      if (!isGone) await ownBuckets.record(failure).catch(() => {})
      throw error
    }
  })
  if (made === undefined) {
    throw unavailable('An archive of this account is being made', 'ArchiveInProgress')
  }
  return made
}

/** A member that has left a group, or lost the flag, gets no more of it. */
async function mustStillBeAllowed(
  { dispatch }: OwnArchivePorts,
  { did, setBy }: OwnBucket,
): Promise<void> {
  if (setBy === null) return
  await dispatch
    .account(did)
    .archive.mayRead({ by: { did: setBy } })
    .catch((error: unknown) => {
      if (!(error instanceof XrpcError) || error.status !== 403) throw error
      throw forbidden('Who has set this bucket may not do so any more: set it again')
    })
}

async function archiveIn(
  ports: OwnArchivePorts,
  { did, location, secret, setAt }: OwnBucket,
  { mustHold }: Lease,
  { report = () => {}, onStored }: Watch,
): Promise<Manifest> {
  const { clock, keys, log, serviceDid: server } = ports
  const key = keys.open(Uint8Array.from(secret), bucketSecretContext(did))
  const opened = await ports.openBucket(location, Buffer.from(key).toString())
  const deadline = deadlineAfter(ports, MAX_MS, tookTooLong)
  const storage = boundedStorage(opened.storage, deadline, onStored)
  try {
    const copy = { ...ports, backupKey: undefined }
    const { manifest, outcome } = await storeArchive(copy, storage, { did, report, mustHold })
    await ports.dispatch.directory.ownBuckets.record({ did, setAt, ...outcome })
    const rule = { server, retention: RETENTION, now: clock.now() }
    // The archive is there, and the next one tries it again.
    await pruneArchives(storage, did, rule).catch((err) => {
      log.warn({ err, did }, "older archives in an owner's bucket could not be deleted")
    })
    return manifest
  } finally {
    deadline.end()
    opened.close()
  }
}

function tookTooLong(): XrpcError {
  const message = 'It took longer than an hour. The next one goes on with it.'
  return new XrpcError(504, 'UpstreamTimeout', message)
}

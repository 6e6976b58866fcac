/**
 * A bucket that a user has named: only over https and on public networks, like all URLs chosen by others, and with bounds on
 * what it may answer.
 */
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { bucketStorage } from '#src/ports/archive-storage-s3.ts'
import { openS3Bucket } from '#src/ports/s3-bucket.ts'
import { safeLookup } from '#src/ports/safe-fetch.ts'

export interface BucketLocation {
  /** A URL; Amazon's if absent. */
  endpoint?: string
  region?: string
  bucket: string
  /** Empty, or ends with a slash. */
  prefix: string
  accessKeyId: string
}

export interface GuardedBucket {
  storage: ArchiveStorage
  /** Ends its connections. */
  close(): void
}

const UPLOAD_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 20_000
const SOCKETS = 8
/** The list of an archive's blobs has about 130 bytes for each blob. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024

/** Check `endpoint` with `urlRefusal` first. */
export async function openGuardedBucket(
  location: BucketLocation,
  { secretAccessKey, privateNetworks }: { secretAccessKey: string; privateNetworks: boolean },
): Promise<GuardedBucket> {
  const { endpoint, region, bucket: name, prefix, accessKeyId } = location
  const agent = { maxSockets: SOCKETS, ...(!privateNetworks && { lookup: await safeLookup() }) }
  const bucket = await openS3Bucket({
    ...{ bucket: name, region, endpoint },
    // Services with an endpoint of their own may lack names for each bucket.
    forcePathStyle: endpoint === undefined ? undefined : true,
    credentials: { accessKeyId, secretAccessKey },
    ...{ uploadTimeoutMs: UPLOAD_TIMEOUT_MS, requestTimeoutMs: REQUEST_TIMEOUT_MS },
    guard: { agent, maxObjectBytes: MAX_OBJECT_BYTES },
  })
  return {
    storage: bucketStorage(bucket, `s3://${name}/${prefix}`, prefix),
    close: () => bucket.close(),
  }
}

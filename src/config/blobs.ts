/** Blob storage on disk or S3, quota, and the lifetime of uploads without a record. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { readS3Access, type S3Storage } from '#src/config/s3-storage.ts'

export interface BlobConfig {
  storage: DiskStorage | S3Storage
  tempMaxAgeMs: number
  accountQuotaBytes: number | undefined
}

export interface DiskStorage {
  kind: 'disk'
  /** Undefined for `blobs` in the data folder. */
  location: string | undefined
  tempLocation: string | undefined
}

const HOUR_MS = 60 * 60 * 1000
// With less, the SDK would also abort downloads to slow clients.
const MIN_REQUEST_TIMEOUT_MS = 6_000

export function readBlobs(read: EnvironmentReader): BlobConfig {
  return {
    storage: readStorage(read),
    tempMaxAgeMs:
      read.integer('PDS_BLOB_TEMP_MAX_AGE_MS', 1_000, 3650 * 24 * HOUR_MS) ?? 24 * HOUR_MS,
    accountQuotaBytes: read.integer('PDS_BLOB_ACCOUNT_QUOTA', 0, 2 ** 50),
  }
}

function readStorage(read: EnvironmentReader): DiskStorage | S3Storage {
  const location = read.text('PDS_BLOBSTORE_DISK_LOCATION')
  const bucket = read.text('PDS_BLOBSTORE_S3_BUCKET')
  if (bucket === undefined) {
    return { kind: 'disk', location, tempLocation: read.text('PDS_BLOBSTORE_DISK_TMP_LOCATION') }
  }
  if (location !== undefined) {
    read.errors.push(
      'PDS_BLOBSTORE_DISK_LOCATION and PDS_BLOBSTORE_S3_BUCKET are mutually exclusive',
    )
  }
  const uploadTimeoutMs = read.integer('PDS_BLOBSTORE_S3_UPLOAD_TIMEOUT_MS', 1, HOUR_MS) ?? 20_000
  const requestTimeoutMs = read.integer('PDS_BLOBSTORE_S3_REQUEST_TIMEOUT_MS', 1, HOUR_MS)
  return {
    kind: 's3',
    bucket,
    ...readS3Access(read, 'PDS_BLOBSTORE'),
    uploadTimeoutMs,
    requestTimeoutMs:
      requestTimeoutMs ?? Math.max(Math.min(uploadTimeoutMs, 15_000), MIN_REQUEST_TIMEOUT_MS),
  }
}

/** Where blobs are kept, how big they may be, and how long an upload waits for a record that has it. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface BlobConfig {
  /** A folder of this machine, or a bucket. */
  storage: DiskStorage | S3Storage
  /** Longest time that an upload waits for a record, in ms. */
  tempMaxAgeMs: number
  /** Bytes that an account may have in blobs; undefined for any number. */
  accountQuotaBytes: number | undefined
}

export interface DiskStorage {
  kind: 'disk'
  /** Absent for a folder in the data folder. */
  location: string | undefined
  tempLocation: string | undefined
}

export interface S3Storage {
  kind: 's3'
  bucket: string
  region: string | undefined
  endpoint: string | undefined
  forcePathStyle: boolean | undefined
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined
  /** Longest time in which the storage may take nothing of an upload, in ms. */
  uploadTimeoutMs: number
  /** Longest time that the storage may be silent, in ms. */
  requestTimeoutMs: number
}

const HOUR_MS = 60 * 60 * 1000
/** Below this the SDK would also cut downloads to slow clients. */
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
    read.errors.push('PDS_BLOBSTORE_DISK_LOCATION and PDS_BLOBSTORE_S3_BUCKET must not both be set')
  }
  const uploadTimeoutMs = read.integer('PDS_BLOBSTORE_S3_UPLOAD_TIMEOUT_MS', 1, HOUR_MS) ?? 20_000
  const requestTimeoutMs = read.integer('PDS_BLOBSTORE_S3_REQUEST_TIMEOUT_MS', 1, HOUR_MS)
  return {
    kind: 's3',
    bucket,
    region: read.text('PDS_BLOBSTORE_S3_REGION'),
    endpoint: read.url('PDS_BLOBSTORE_S3_ENDPOINT'),
    forcePathStyle: read.flag('PDS_BLOBSTORE_S3_FORCE_PATH_STYLE'),
    credentials: readCredentials(read),
    uploadTimeoutMs,
    requestTimeoutMs:
      requestTimeoutMs ?? Math.max(Math.min(uploadTimeoutMs, 15_000), MIN_REQUEST_TIMEOUT_MS),
  }
}

/** Absent: the SDK finds them where it always does. */
function readCredentials(read: EnvironmentReader): S3Storage['credentials'] {
  const id = 'PDS_BLOBSTORE_S3_ACCESS_KEY_ID'
  const secret = 'PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY'
  const accessKeyId = read.text(id)
  const secretAccessKey = read.secret(secret, 'set', () => true)
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey }
  }
  if (accessKeyId !== undefined) return read.missing(secret, `it goes with ${id}`)
  if (secretAccessKey !== undefined) return read.missing(id, `it goes with ${secret}`)
  return undefined
}

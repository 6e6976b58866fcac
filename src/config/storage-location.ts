/** Where archives or backups are stored: a folder, or a bucket with its credentials. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { readS3Access, type S3Storage } from '#src/config/s3-storage.ts'

export type StorageLocation =
  | { kind: 'folder'; path: string }
  /** `prefix` is empty, or ends with a slash. */
  | (S3Storage & { prefix: string })

const UPLOAD_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Reads `<prefix>_LOCATION`, which is a folder or `s3://bucket/prefix`, and `<prefix>_S3_…`. Undefined if there is none.
 */
export function readStorageLocation(
  read: EnvironmentReader,
  prefix: 'PDS_ARCHIVE' | 'PDS_BACKUP',
  text = read.text(`${prefix}_LOCATION`),
): StorageLocation | undefined {
  if (text === undefined) return undefined
  if (!text.includes('://')) return { kind: 'folder', path: text }
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/.exec(text) ?? []
  const parts = path.split('/').filter((part) => part !== '')
  const isSafe = parts.every((part) => /^[\w.:%-]+$/.test(part) && !/^\.+$/.test(part))
  if (bucket === undefined || !isSafe) {
    read.errors.push(`${prefix}_LOCATION must be a folder, or s3://BUCKET or s3://BUCKET/PREFIX`)
    return undefined
  }
  return {
    kind: 's3',
    bucket,
    prefix: parts.map((part) => `${part}/`).join(''),
    ...readS3Access(read, prefix),
    uploadTimeoutMs: UPLOAD_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  }
}

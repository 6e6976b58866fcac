/** A bucket of S3 or of a compatible service: where it is, and its credentials. */
import type { EnvironmentReader } from '#src/config/read.ts'

interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/**
 * `uploadTimeoutMs` limits the time without progress of an upload, and the larger of it and `requestTimeoutMs` that until the
 * storage answers a request.
 */
export interface S3Storage {
  kind: 's3'
  bucket: string
  region: string | undefined
  endpoint: string | undefined
  forcePathStyle: boolean | undefined
  /** Undefined for the default credential chain of the AWS SDK. */
  credentials: S3Credentials | undefined
  uploadTimeoutMs: number
  requestTimeoutMs: number
}

type S3Access = Pick<S3Storage, 'region' | 'endpoint' | 'forcePathStyle' | 'credentials'>

/** `<prefix>_S3_REGION`, `…_ENDPOINT`, `…_FORCE_PATH_STYLE`, `…_ACCESS_KEY_ID` and `…_SECRET_ACCESS_KEY`. */
export function readS3Access(read: EnvironmentReader, prefix: string): S3Access {
  return {
    region: read.text(`${prefix}_S3_REGION`),
    endpoint: read.url(`${prefix}_S3_ENDPOINT`),
    forcePathStyle: read.flag(`${prefix}_S3_FORCE_PATH_STYLE`),
    credentials: readCredentials(read, prefix),
  }
}

function readCredentials(read: EnvironmentReader, prefix: string): S3Credentials | undefined {
  const id = `${prefix}_S3_ACCESS_KEY_ID`
  const secret = `${prefix}_S3_SECRET_ACCESS_KEY`
  const accessKeyId = read.text(id)
  const secretAccessKey = read.secret(secret, 'set', () => true)
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey }
  }
  if (accessKeyId !== undefined) return read.missing(secret, `${id} is set`)
  if (secretAccessKey !== undefined) return read.missing(id, `${secret} is set`)
  return undefined
}

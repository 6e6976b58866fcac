/** The credentials of a bucket. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** `<prefix>_S3_ACCESS_KEY_ID` and `…_SECRET_ACCESS_KEY`; undefined for the default credential chain of the AWS SDK. */
export function readS3Credentials(
  read: EnvironmentReader,
  prefix: string,
): S3Credentials | undefined {
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

import { describe, expect, it } from 'vitest'
import { readBlobs } from '#src/config/blobs.ts'
import { EnvironmentReader } from '#src/config/read.ts'

const read = (env: Record<string, string> = {}) => {
  const reader = new EnvironmentReader(env)
  return { ...readBlobs(reader), mistakes: reader.errors }
}

describe('blob storage settings', () => {
  it('blobs are stored in a folder by default', () => {
    expect(read()).toEqual({
      storage: { kind: 'disk', location: undefined, tempLocation: undefined },
      tempMaxAgeMs: 24 * 60 * 60 * 1000,
      accountQuotaBytes: undefined,
      mistakes: [],
    })
    const env = {
      PDS_BLOBSTORE_DISK_LOCATION: '/blobs',
      PDS_BLOBSTORE_DISK_TMP_LOCATION: '/fast/blobs',
      PDS_BLOB_ACCOUNT_QUOTA: '1000',
    }
    expect(read(env)).toMatchObject({
      storage: { kind: 'disk', location: '/blobs', tempLocation: '/fast/blobs' },
      accountQuotaBytes: 1000,
    })
  })

  const bucket = { PDS_BLOBSTORE_S3_BUCKET: 'blobs' }

  it('blobs are stored in a bucket if one is configured', () => {
    const env = {
      ...bucket,
      PDS_BLOBSTORE_S3_REGION: 'eu-west-1',
      PDS_BLOBSTORE_S3_ENDPOINT: 'https://s3.example.com/',
      PDS_BLOBSTORE_S3_FORCE_PATH_STYLE: 'true',
      PDS_BLOBSTORE_S3_ACCESS_KEY_ID: 'id',
      PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY: 'secret',
    }
    expect(read(env).storage).toEqual({
      kind: 's3',
      bucket: 'blobs',
      region: 'eu-west-1',
      endpoint: 'https://s3.example.com',
      forcePathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      uploadTimeoutMs: 20_000,
      requestTimeoutMs: 15_000,
    })
  })

  it('S3 credentials may be left to the SDK, but must be complete if set', () => {
    expect(read(bucket)).toMatchObject({ storage: { credentials: undefined }, mistakes: [] })
    const id = { ...bucket, PDS_BLOBSTORE_S3_ACCESS_KEY_ID: 'id' }
    expect(read(id).mistakes).toHaveLength(1)
    const secret = { ...bucket, PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY: 'hush' }
    expect(read(secret).mistakes).toEqual([expect.not.stringContaining('hush')])
  })

  it('configuring both a folder and a bucket is an error', () => {
    const env = { ...bucket, PDS_BLOBSTORE_DISK_LOCATION: '/blobs' }
    expect(read(env).mistakes).toHaveLength(1)
  })
})

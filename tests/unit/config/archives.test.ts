import { expect, it } from 'vitest'
import { readArchives } from '#src/config/archives.ts'
import { EnvironmentReader } from '#src/config/read.ts'

function read(env: Record<string, string>) {
  const reader = new EnvironmentReader(env)
  return { config: readArchives(reader), errors: reader.errors }
}

const locationOf = (text: string) => read({ PDS_ARCHIVE_LOCATION: text }).config.location

it('without a place there are no archives, and with one they are made daily', () => {
  expect(read({}).config).toMatchObject({ location: undefined, intervalMs: 24 * 3_600_000 })
  expect(locationOf('/var/archives')).toEqual({ kind: 'folder', path: '/var/archives' })
})

it('a bucket may have a prefix', () => {
  expect(locationOf('s3://bucket')).toMatchObject({ kind: 's3', bucket: 'bucket', prefix: '' })
  expect(locationOf('s3://bucket/a/b/')).toMatchObject({ bucket: 'bucket', prefix: 'a/b/' })
})

it.each(['s3://', 's3://bucket/../other', 'https://bucket.example.com', 's3://B/x'])(
  'the place %s is refused',
  (text) => {
    expect(read({ PDS_ARCHIVE_LOCATION: text }).errors).toHaveLength(1)
  },
)

it('credentials come in pairs', () => {
  const bucket = { PDS_ARCHIVE_LOCATION: 's3://bucket' }
  const half = read({ ...bucket, PDS_ARCHIVE_S3_ACCESS_KEY_ID: 'id' })
  expect(half.errors[0]).toContain('PDS_ARCHIVE_S3_SECRET_ACCESS_KEY')
})

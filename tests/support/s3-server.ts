/** An S3 server (s3rver) on a free port, with one bucket, in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from 's3rver'
import { freePort } from '#tests/support/processes.ts'

export interface S3Server {
  bucket: string
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  stop(): Promise<void>
}

export async function startS3Server(): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-s3-'))
  const port = await freePort()
  const bucket = 'blobs'
  const server = new S3rver({
    ...{ port, directory, address: '127.0.0.1', silent: true },
    configureBuckets: [{ name: bucket, configs: [] }],
  })
  await server.run()
  return {
    bucket,
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    async stop() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

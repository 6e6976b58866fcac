import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BackupFixture } from '#tests/support/backup-fixture.ts'
import { headwater } from '#tests/support/command-line.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'
import { root } from '#tests/support/sources.ts'

let bucket: S3Server
let fixture: BackupFixture
beforeAll(async () => {
  bucket = await startS3Server()
  fixture = new BackupFixture()
})
afterAll(async () => {
  await bucket?.stop()
  fixture?.[Symbol.dispose]()
})

const place = () => `s3://${bucket.bucket}/nightly`
const variables = (data = 'server'): Record<string, string> => ({
  PDS_DATA_DIRECTORY: fixture.at(data),
  PDS_BACKUP_KEY_HEX: 'ab'.repeat(32),
  PDS_BACKUP_S3_ENDPOINT: bucket.endpoint,
  PDS_BACKUP_S3_FORCE_PATH_STYLE: 'true',
  PDS_BACKUP_S3_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
  PDS_BACKUP_S3_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
})
const resultOf = (name: string) => JSON.parse(readFileSync(fixture.at(`server/${name}`), 'utf8'))
/** Two files with these names are not restored, since they are about this server. */
const dataOf = (name: string) => {
  const {
    'engine/stored.json': _,
    'last-backup.json': _b,
    'last-drill.json': _d,
    ...data
  } = fixture.contentOf(name)
  return data
}

it('a backup that is killed while it sends is continued by the next one, and is restored with what is large', async () => {
  const large = randomBytes(24_000_000).toString('latin1')
  fixture.putTable('server/engine/db/000010.sst', large)
  for (let i = 0; i < 60; i++) fixture.put(`server/blobs/did:plc:a/bafy-${i}`, `blob ${i}`)
  const killed = spawn(process.execPath, [join(root, 'bin/headwater.js'), 'backup', place()], {
    env: { PATH: process.env['PATH'], ...variables() },
    stdio: 'ignore',
  })
  const draft = fixture.at('server/engine/backup-draft')
  await expect.poll(() => existsSync(draft), { interval: 5 }).toBe(true)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  expect((await headwater(['backup', 'list', place()], variables())).out).toBe('(none)\n')

  const made = await headwater(['backup', place(), '--json'], variables())
  expect(made).toMatchObject({ code: 0, err: '' })
  const { files, uploadedFiles } = made.json<{ files: number; uploadedFiles: number }>()
  expect(files).toBe(Object.keys(dataOf('server')).length)
  expect(uploadedFiles).toBeLessThan(files - 50)
  expect(readdirSync(fixture.at('server/engine'))).not.toContain('backup-draft')
  expect(resultOf('last-backup.json')).toMatchObject({
    ok: true,
    to: expect.stringMatching(/^s3:/),
  })

  expect(await headwater(['restore', place(), '--moved'], variables('new'))).toMatchObject({
    code: 0,
  })
  expect(dataOf('new')).toEqual(dataOf('server'))
})

it('a drill whose restore fails exits with 1, says why, and leaves nothing but the result', async () => {
  const folder = fixture.at('folder')
  expect(await headwater(['backup', folder], variables())).toMatchObject({ code: 0, err: '' })
  rmSync(join(folder, 'blobs/did:plc:a/bafy1'))
  const within = fixture.at('drills')
  fixture.put('drills/other', '')
  const drill = await headwater(['backup', 'drill', folder, '--in', within], variables())
  expect(drill).toMatchObject({ code: 1, err: expect.stringContaining('bafy1 is missing') })
  expect(resultOf('last-drill.json')).toMatchObject({ ok: false })
  expect(readdirSync(within)).toEqual(['other'])
})

it('a backup that fails is noted', async () => {
  const failed = await headwater(['backup', 's3://nowhere/nightly'], variables())
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('cannot be used') })
  expect(resultOf('last-backup.json')).toMatchObject({ ok: false, to: 's3://nowhere/nightly/' })
})

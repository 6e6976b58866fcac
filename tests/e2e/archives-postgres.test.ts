/** Archives from one engine to another: files, Postgres, and back. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { expect, it } from 'vitest'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { startEngines } from '#tests/fault/matrix/engines.ts'
import { PostgresServer } from '#tests/fault/matrix/postgres.ts'
import { headwater } from '#tests/support/command-line.ts'
import { freePort } from '#tests/support/processes.ts'
import { post } from '#tests/support/records.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestServer,
} from '#tests/support/server.ts'

// Where Debian has it.
const hasPostgres = existsSync('/usr/lib/postgresql')
const collection = 'app.bsky.feed.post'

async function archive({ url }: TestServer, ...args: string[]): Promise<object> {
  const env = { HEADWATER_URL: url, PDS_ADMIN_PASSWORD: adminPassword }
  const outcome = await headwater(['archive', ...args, '--json'], env)
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<object>()
}

async function write(agent: AtpAgent, text: string, picture?: unknown): Promise<void> {
  const record = { ...post(text), ...(picture !== undefined && { picture }) } as never
  const repo = { repo: agent.did!, collection, validate: false }
  await agent.com.atproto.repo.createRecord({ ...repo, record })
}

it.skipIf(!hasPostgres)(
  'a server on Postgres restores an archive of one on files, and one on files that of Postgres',
  { timeout: 300_000 },
  async () => {
    await using cleanup = new AsyncDisposableStack()
    const dir = mkdtempSync(join(tmpdir(), 'headwater-postgres-'))
    cleanup.defer(() => rmSync(dir, { recursive: true, force: true }))
    const database = await PostgresServer.start(dir)
    cleanup.defer(() => database.kill9())
    const engines = await startEngines(dir, { postgresUrl: database.url }, 1)
    cleanup.defer(() => engines.stop())
    const plcPort = String(await freePort())
    const env = {
      PDS_BACKUP_KEY_HEX: 'cd'.repeat(32),
      PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: Buffer.from(newSigningKey().privateKey).toString(
        'hex',
      ),
      PDS_ARCHIVE_LOCATION: join(dir, 'archives'),
      PDS_ARCHIVE_INTERVAL_HOURS: '0',
    }
    const onFiles = cleanup.use(await startServer({ env: { ...env, PDS_DEV_PLC_PORT: plcPort } }))
    const onPostgres = cleanup.use(
      await startServer({
        env: {
          ...{ ...env, ...engines.env, PDS_DID_PLC_URL: `http://127.0.0.1:${plcPort}` },
          ...{ RIVET_ENDPOINT: engines.endpoint(0), RIVET_TOKEN: engines.token },
        },
      }),
    )
    const { did, handle, password, agent } = await createTestAccount(onFiles, 'alice')
    const bytes = Buffer.from('a picture')
    const { data } = await agent.com.atproto.repo.uploadBlob(bytes, {
      encoding: 'application/octet-stream',
    })
    await write(agent, 'one', data.blob)
    await archive(onFiles, 'create', did)
    const restored = { created: true, status: 'active', blobs: 1, missingBlobs: 0 }
    const there = await archive(onPostgres, 'restore', did, '--publish')
    expect(there).toMatchObject({ ...restored, records: 1 })

    const moved = new AtpAgent({ service: onPostgres.url })
    await moved.login({ identifier: handle, password })
    await write(moved, 'two')
    expect(await archive(onPostgres, 'create', did)).toMatchObject({ records: 2, blobs: 1 })
    expect(await archive(onPostgres, 'drill', did)).toMatchObject({ records: 2, private: true })
    const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
    await agent.com.atproto.admin.deleteAccount({ did }, { headers: { authorization } })
    const back = await archive(onFiles, 'restore', did, '--publish')
    expect(back).toMatchObject({ ...restored, records: 2 })
  },
)

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tableIdOf } from '#src/backup/table-id.ts'
import { readLastBackup } from '#src/ports/last-backup.ts'
import { headwater } from '#tests/support/command-line.ts'
import { checkConsistency } from '#tests/support/consistency-check.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { ReconnectingSubscriber } from '#tests/support/reconnecting-subscriber.ts'
import { post } from '#tests/support/records.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'
import {
  adminPassword,
  createTestAccount,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { SyncConsumer } from '#tests/support/sync-consumer.ts'

const WAIT = { timeout: 60_000, interval: 100 }

let folder: string
let network: ResolvableServer
let bucket: S3Server
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-backup-'))
  bucket = await startS3Server()
  network = await startResolvableServer()
})
afterAll(async () => {
  await network?.server.remove()
  await bucket?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs on the machine of the server. */
function command(...args: string[]) {
  return headwater(args, {
    PDS_DATA_DIRECTORY: network.server.dir,
    PDS_ADMIN_PASSWORD: adminPassword,
    HEADWATER_URL: network.server.url,
    PDS_BACKUP_LOCATION: `s3://${bucket.bucket}/nightly`,
    PDS_BACKUP_KEY_HEX: 'ab'.repeat(32),
    PDS_BACKUP_S3_ENDPOINT: bucket.endpoint,
    PDS_BACKUP_S3_FORCE_PATH_STYLE: 'true',
    PDS_BACKUP_S3_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
    PDS_BACKUP_S3_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
  })
}

async function loseData(server: TestServer): Promise<void> {
  await server.stop()
  for (const name of readdirSync(server.dir)) rmSync(join(server.dir, name), { recursive: true })
}

it('a backup made under write load, while accounts are created, has all that was acknowledged before', async () => {
  const { server } = network
  const crashTest = new CrashTest(server, await createAccounts(server))
  const { subscriber, load } = crashTest
  const backup = join(folder, 'backup')
  const names = ['before', 'during1', 'during2', 'during3', 'during4']
  let startedAt = 0
  let made: Promise<unknown> = Promise.resolve()
  await crashTest.round(async () => {
    await createTestAccount(server, names[0]!)
    await expect.poll(() => load.acknowledged.length, WAIT).toBeGreaterThan(50)
    startedAt = Date.now()
    // Accounts are created from before the command until after it, so that one is being created when it copies.
    const creations = names.slice(1).map(async (name, i) => {
      await pause(i * 300)
      await createTestAccount(server, name)
    })
    made = Promise.all(creations)
    expect(await command('backup', backup)).toMatchObject({ code: 0, err: '' })
  }, false)
  await made
  crashTest.close()
  expect(await readLastBackup(server.dir)).toMatchObject({ ok: true, to: backup })
  expect(await command('restore', backup)).toMatchObject({
    code: 1,
    err: expect.stringContaining('already runs the'),
  })
  await loseData(server)
  expect(await command('restore', backup, '--moved')).toMatchObject({ code: 0, err: '' })
  await server.start()

  // An account is there as a whole, or its name is free.
  const restored = await Promise.all(names.map((name) => signInOrCreate(server.url, name)))
  expect(restored[0]).toBe('signed in')
  const after = new ReconnectingSubscriber(server.url)
  const get = async <T>(method: string) =>
    (await (await fetch(`${server.url}/xrpc/${method}`)).json()) as T
  // Asking an account for its head wakes it, and it delivers what it has not delivered yet.
  const isComplete = async () => {
    const { repos } = await get<{ repos: { did: string }[] }>('com.atproto.sync.listRepos')
    const heads = await Promise.all(
      repos.map(({ did }) => get<{ cid: string }>(`com.atproto.sync.getLatestCommit?did=${did}`)),
    )
    const commits = after.commits()
    return repos.length >= 6 && heads.every(({ cid }) => commits.has(cid))
  }
  // An account that was being created is resumed by a reminder, seconds after the start.
  let heard = -1
  const isQuiet = async () => {
    const before = heard
    heard = after.events.length
    return heard === before && (await isComplete())
  }
  await expect.poll(isQuiet, { ...WAIT, interval: 3000 }).toBe(true)
  after.close()
  const heardBefore = subscriber.events.map(({ seq }) => seq)
  const lastSeq = heardBefore.findLast((seq) => seq <= startedAt * 1000) ?? 0
  const kept = after.events.map(({ seq }) => seq).filter((seq) => seq <= lastSeq)
  expect(kept).toEqual(heardBefore.filter((seq) => seq <= lastSeq))

  // What was acknowledged after the backup began may be in it or not.
  const attempts = load.attempts.map((attempt) =>
    (attempt.answeredAt ?? Number.POSITIVE_INFINITY) < startedAt
      ? attempt
      : { ...attempt, status: 0 },
  )
  const verdict = await checkConsistency(server.url, { attempts, received: after.events })
  expect(verdict.acknowledged).toBeGreaterThan(20)
  process.stdout.write(`backup: ${JSON.stringify({ ...verdict, accounts: restored })}\n`)
})

it('after a restore to an earlier time from a bucket, a relay verifies every event, and revs and seqs only rise', async () => {
  const { server } = network
  const before = new SyncConsumer(network, 0)
  const names = ['one', 'two', 'three']
  const accounts = await Promise.all(names.map((name) => createTestAccount(server, name)))
  await Promise.all(accounts.map(write))
  type Backup = { files: number; bytes: number; uploadedFiles: number; uploadedBytes: number }
  const first = (await command('backup', '--json')).json<Backup>()
  expect(first.uploadedBytes).toBe(first.bytes)
  await Promise.all(accounts.map(write))
  const second = (await command('backup', '--json')).json<Backup>()
  const store = join(server.dir, 'engine/db')
  const tables = readdirSync(store).filter((name) => name.endsWith('.sst'))
  expect(tables.length).toBeGreaterThan(0)
  for (const name of tables) expect(await tableIdOf(join(store, name)), name).toBeDefined()
  expect(second.uploadedFiles).toBeLessThan(second.files)
  expect((await command('backup', 'list', '--json')).json()).toHaveLength(2)

  const drill = await command('backup', 'drill', '--json')
  expect(drill).toMatchObject({ code: 0, err: '' })
  expect(drill.json()).toMatchObject({ ok: true, comparedWith: server.url, problems: 0 })
  const noted = JSON.parse(readFileSync(join(server.dir, 'last-drill.json'), 'utf8'))
  expect(noted).toMatchObject({ ok: true })
  expect(noted.verifiedRepos).toBeGreaterThan(3)

  // What the restore loses.
  const lost = await Promise.all(accounts.map(write))
  const lastLost = () =>
    lost.every(({ rev }) => before.events.some((event) => revOf(event) === rev))
  await expect.poll(lastLost, WAIT).toBe(true)
  const lastSeq = before.events.at(-1)!.seq
  const commits = before.events.filter((event) => revOf(event) !== undefined)
  const lastRevs = new Map(commits.map((event) => [event.did, revOf(event)!]))
  await before.end()
  await loseData(server)
  expect(await command('restore')).toMatchObject({ code: 0, err: '' })
  await server.start()
  const after = new SyncConsumer(network, lastSeq)
  const unannounced = () => {
    const synced = after.events.filter(({ event }) => event === 'sync').map(({ did }) => did)
    return [...lastRevs.keys()].filter((did) => !synced.includes(did))
  }
  await expect.poll(unannounced, WAIT).toEqual([])
  const written = await Promise.all(accounts.map(write))
  const isHeard = () => written.every(({ rev }) => after.events.some((one) => revOf(one) === rev))
  await expect.poll(isHeard, WAIT).toBe(true)
  await after.end()
  for (const event of after.events) {
    expect(event.seq).toBeGreaterThan(lastSeq)
    const rev = revOf(event)
    if (rev !== undefined) expect(rev > lastRevs.get(event.did)!).toBe(true)
  }
  expect([...before.errors, ...after.errors]).toEqual([])
})

async function write({ agent, did }: TestAccount): Promise<{ rev: string }> {
  const record = post('hello')
  const input = { repo: did, collection: 'app.bsky.feed.post', record }
  return (await agent.com.atproto.repo.createRecord(input)).data.commit!
}

function revOf(event: SyncConsumer['events'][number]): string | undefined {
  return 'rev' in event ? event.rev : undefined
}

async function signInOrCreate(url: string, name: string): Promise<string> {
  const agent = new AtpAgent({ service: url })
  const password = `password-of-${name}`
  const signIn = () => agent.login({ identifier: `${name}.test`, password }).then(() => 'signed in')
  return await signIn().catch(async () => {
    const created = await createTestAccount({ url }, name).then(
      () => 'created',
      () => null,
    )
    if (created !== null) return created
    // It was being created: it is resumed, or its name is free again in five minutes.
    const outcome = () => signIn().catch(({ status }: { status?: number }) => status ?? 0)
    await expect.poll(outcome, WAIT).toSatisfy((found) => found === 'signed in' || found === 401)
    return (await outcome()) === 'signed in' ? 'resumed' : 'reserved'
  })
}

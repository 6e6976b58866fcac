import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { CrashTest, createAccounts } from '#tests/support/crash-test.ts'
import { post, thing } from '#tests/support/records.ts'
import {
  adminPassword,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { MB, smallDisk } from '#tests/support/small-disk.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

/** Free bytes below which the server refuses records. */
const RESERVE = 32 * MB
const WAIT = { timeout: 60_000, interval: 100 }

const disk = smallDisk(192)
const archives = smallDisk(64)
const { isMounted, fill } = disk
const formerFolder = process.env['TMPDIR']

beforeAll(() => {
  // The folder in which a test server puts its data.
  if (isMounted) process.env['TMPDIR'] = disk.path
})
afterAll(() => {
  if (formerFolder === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = formerFolder
  disk[Symbol.dispose]()
  archives[Symbol.dispose]()
})

const record = (server: TestServer, account: TestAccount) =>
  call(server, 'repo.createRecord', {
    as: account,
    body: { repo: account.did, collection: 'app.bsky.feed.post', record: post('hello') },
  })

async function storage(server: TestServer): Promise<unknown> {
  return (await call(server, '/xrpc/_health', { query: 'storage' })).body
}

/** The statuses of reads that need the account. */
async function statusesOfReads(server: TestServer, account: TestAccount): Promise<number[]> {
  const { did } = account
  const list = { repo: did, collection: 'app.bsky.feed.post' }
  const answers = [
    call(server, 'repo.listRecords', { query: list }),
    call(server, 'repo.describeRepo', { query: { repo: did } }),
    call(server, 'sync.getLatestCommit', { query: { did } }),
    call(server, 'sync.getRepo', { query: { did } }),
    call(server, 'server.getSession', { as: account }),
  ]
  return (await Promise.all(answers)).map(({ status }) => status)
}

describe.runIf(isMounted)('a full disk', () => {
  it('on a nearly full disk records and uploads are refused with 507, reads go on, and health and metrics say so', async () => {
    await using server = await startServer({ env: { PDS_MIN_FREE_DISK_BYTES: String(RESERVE) } })
    const [alice] = (await createAccounts(server, 1)) as [TestAccount]
    expect((await record(server, alice)).status).toBe(200)
    const empty = fill(RESERVE / 2)
    await expect
      .poll(() => statusAndError(record(server, alice)), WAIT)
      .toEqual([507, 'InsufficientStorage'])
    const upload = call(server, 'repo.uploadBlob', {
      as: alice,
      body: new Uint8Array(1000),
      headers: { 'content-type': 'application/octet-stream' },
    })
    expect(await statusAndError(upload)).toEqual([507, 'InsufficientStorage'])
    // What has to go on goes on: signing in, and making room.
    const session = { identifier: alice.handle, password: alice.password }
    expect((await call(server, 'server.createSession', { body: session })).status).toBe(200)
    const gone = { repo: alice.did, collection: thing, rkey: 'none' }
    expect((await call(server, 'repo.deleteRecord', { as: alice, body: gone })).status).toBe(200)
    expect(await statusesOfReads(server, alice)).toEqual([200, 200, 200, 200, 200])
    await expect
      .poll(() => storage(server), WAIT)
      .toMatchObject({
        status: 'degraded',
        storage: { writable: false, accountDb: true },
      })
    const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
    const metrics = (await call(server, '/metrics', { as: admin })).body
    expect(metrics).toContain('headwater_storage_up{part="writable"} 0')
    empty()
    await expect.poll(async () => (await record(server, alice)).status, WAIT).toBe(200)
    await expect.poll(() => storage(server), WAIT).toMatchObject({ status: 'ok' })
  })

  it('on a full disk of archives none is made, the account goes on, and the next one is whole', async () => {
    await using server = await startServer({
      env: {
        PDS_MIN_FREE_DISK_BYTES: String(RESERVE),
        PDS_ARCHIVE_LOCATION: archives.path,
        PDS_ARCHIVE_INTERVAL_HOURS: '0',
        PDS_BACKUP_KEY_HEX: 'ab'.repeat(32),
      },
    })
    const [alice] = (await createAccounts(server, 1)) as [TestAccount]
    const env = { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword }
    const archive = (...args: string[]) => headwater(['archive', ...args, alice.did, '--json'], env)
    const empty = archives.fill(RESERVE / 2)
    const refused = await archive('create')
    expect(refused.code).not.toBe(0)
    expect(refused.err + refused.out).toMatch(/InsufficientStorage|nearly full|not enough/i)
    expect((await archive('list')).json()).toEqual([])
    expect((await record(server, alice)).status).toBe(200)
    empty()
    expect(await archive('create')).toMatchObject({ code: 0 })
    expect((await archive('verify')).json()).toMatchObject({ records: 1, private: true })
  })

  it('a disk that another program fills to the last byte under write load loses nothing, and the server heals by itself', async () => {
    await using server = await startServer({ env: { PDS_MIN_FREE_DISK_BYTES: String(RESERVE) } })
    const accounts = await createAccounts(server)
    const crashTest = new CrashTest(server, accounts)
    crashTest.load.refusals = [503, 507]
    crashTest.load.start()
    await expect.poll(() => crashTest.load.acknowledged.length, WAIT).toBeGreaterThan(50)
    const empty = fill(0)
    await pause(10_000)
    // An account whose commit failed stops, and does not start before there is room.
    for (const status of await statusesOfReads(server, accounts[0]!)) {
      expect([200, 503]).toContain(status)
    }
    await pause(10_000)
    expect(await storage(server)).toMatchObject({ status: 'degraded' })
    empty()
    const since = Date.now()
    const late = () => crashTest.load.acknowledged.filter(({ answeredAt }) => answeredAt! > since)
    await expect.poll(() => late().length, WAIT).toBeGreaterThan(20)
    crashTest.outagesMs.push(late()[0]!.answeredAt! - since)
    await crashTest.load.stop()
    // The engine starts again, ever later, what it could not start.
    for (const account of accounts) {
      await expect
        .poll(() => statusesOfReads(server, account), { timeout: 120_000 })
        .toEqual([200, 200, 200, 200, 200])
    }
    await crashTest.finish('a full disk')
  })
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '#tests/support/processes.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { type StandInRelay, startStandInRelay } from '#tests/support/stand-in-relay.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

let relay: StandInRelay
let server: TestServer
let alice: TestAccount
beforeAll(async () => {
  relay = await startStandInRelay(100)
  server = await startServer({ env: { PDS_CRAWLERS: relay.url, LOG_LEVEL: 'trace' } })
  alice = await createTestAccount(server, 'alice')
})
afterAll(async () => {
  await server?.remove()
  relay?.close()
})

describe('crawlers', () => {
  const one = { path: '/xrpc/com.atproto.sync.requestCrawl', body: { hostname: 'localhost' } }

  it('crawlers get one requestCrawl when there are new events', async () => {
    await expect.poll(() => relay.crawls).toEqual([one])
    await alice.agent.post({ text: 'more' })
    expect(
      (await call(server, 'sync.requestCrawl', { body: { hostname: 'localhost' } })).body,
    ).toEqual({})
    expect(relay.crawls).toEqual([one])
  })

  it('crawlers get another requestCrawl when the admin sends one', async () => {
    const body = { hostname: 'localhost' }
    expect((await call(server, 'sync.requestCrawl', { body, as: admin })).status).toBe(200)
    expect(relay.crawls).toEqual([one, one])
  })

  it('requestCrawl for another host is rejected', async () => {
    for (const method of ['sync.requestCrawl', 'sync.notifyOfUpdate']) {
      const other = call(server, method, { body: { hostname: 'not-localhost' } })
      expect(await statusAndError(other)).toEqual([400, 'InvalidRequest'])
      expect(await statusAndError(call(server, method, { body: {} }))).toEqual([
        400,
        'InvalidRequest',
      ])
    }
  })
})

describe('health', () => {
  it('/xrpc/_health is that of the reference, and checks the storage if asked to', async () => {
    const { body } = await call(server, '/xrpc/_health')
    expect(body).toEqual({ version: expect.stringMatching(/^\d+\.\d+/) })
    const { body: more } = await call(server, '/xrpc/_health', { query: 'storage' })
    expect(more).toEqual({
      ...(body as object),
      status: 'ok',
      storage: { accountDb: true, sequencerDb: true, writable: true, blobs: true, complete: true },
    })
  })

  it('/xrpc/_admin/status requires the admin', async () => {
    expect(await statusAndError(call(server, '/xrpc/_admin/status'))).toEqual([
      401,
      'AuthenticationRequired',
    ])
    const { body } = await call(server, '/xrpc/_admin/status', { as: admin })
    expect(body).toMatchObject({
      status: 'ok',
      accounts: { active: 1 },
      sequencer: {
        currentSeq: expect.any(Number),
        events: expect.any(Number),
        oldestEvent: expect.stringMatching(/^20\d\d-.*Z$/),
        bytes: expect.any(Number),
      },
      disk: { freeBytes: expect.any(Number) },
      store: { bytes: expect.any(Number), walBytes: expect.any(Number) },
      process: { accountsAwake: 1, maxAccountsAwake: expect.any(Number) },
      engine: { healthy: true, restarts: 0 },
    })
  })

  it('/xrpc/_stats has public counts, without accounts', async () => {
    const { body } = await call(server, '/xrpc/_stats')
    expect(body).toEqual({
      status: 'ok',
      version: expect.any(String),
      generatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      uptimeSeconds: expect.any(Number),
      metrics: { hostedAccountCount: 1, totalAccountCount: 1 },
      health: {
        status: 'ok',
        checks: {
          storageWritable: true,
          accountDatabase: true,
          sequencerDatabase: true,
          blobStorage: true,
          storeComplete: true,
        },
      },
    })
  })

  it('subscribeRepos without an upgrade names WebSocket in its headers', async () => {
    const plain = call(server, 'sync.subscribeRepos', { query: { cursor: '0' } })
    expect(await statusAndError(plain)).toEqual([426, 'UpgradeRequired'])
  })
})

describe('metrics', () => {
  const scrape = async () => String((await call(server, '/metrics', { as: admin })).body)

  it('/metrics has what alerts need', async () => {
    const text = await scrape()
    const value = (name: string) => Number(text.split(`\n${name} `)[1]?.split('\n')[0] ?? 'NaN')
    expect(value('headwater_accounts_awake')).toBe(1)
    expect(value('headwater_accounts{status="active"}')).toBe(1)
    expect(value('headwater_engine_up')).toBe(1)
    expect(value('headwater_engine_restarts_total')).toBe(0)
    expect(value('headwater_firehose_subscribers')).toBe(0)
    expect(value('headwater_firehose_lag_seconds')).toBeLessThan(5)
    expect(Math.abs(value('headwater_sequencer_head_seq') / 1e6 - Date.now() / 1000)).toBeLessThan(
      60,
    )
    expect(value('headwater_outbox_pending_events')).toBeGreaterThanOrEqual(0)
    expect(value('headwater_accounts_with_undelivered_events')).toBeGreaterThanOrEqual(0)
    expect(value('headwater_data_free_bytes')).toBeGreaterThan(0)
    expect(value('headwater_store_syncs_total')).toBeGreaterThan(0)
    expect(value('headwater_store_sync_seconds_total')).toBeGreaterThan(0)
    for (const part of ['accountDb', 'sequencerDb', 'writable', 'blobs']) {
      expect(value(`headwater_storage_up{part="${part}"}`)).toBe(1)
    }
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
  })

  it('/metrics has a label for each of our methods, and one for all others', async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => call(server, `/xrpc/com.example.made${i}.up`)),
    )
    const text = await scrape()
    expect(text).not.toContain('com.example')
    expect(text).toMatch(
      /headwater_xrpc_request_duration_seconds_count\{method="other",status="\d+"\} 5\d/,
    )
  })
})

it('an actors-only process has health and metrics on a port of its own', async () => {
  const port = await freePort()
  await using split = await startServer({
    roles: 'split',
    env: { PDS_METRICS_PORT: String(port) },
  })
  await createTestAccount(split, 'alone')
  const actors = { url: `http://127.0.0.1:${port}` }
  expect((await call(actors, '/xrpc/_health')).status).toBe(200)
  expect((await call(actors, '/metrics')).status).toBe(401)
  expect((await call(actors, 'server.describeServer')).status).toBe(404)
  const here = async () => String((await call(actors, '/metrics', { as: admin })).body)
  await expect.poll(here).toMatch(/^headwater_accounts_awake 1$/m)
  expect(await here()).toMatch(/^headwater_engine_up 1$/m)
  expect(await here()).toMatch(/^headwater_store_syncs_total [1-9]/m)
  const there = String((await call(split, '/metrics', { as: admin })).body)
  expect(there).toMatch(/^headwater_accounts_awake 0$/m)
  expect(there).not.toContain('headwater_engine_up')
  expect(there).not.toContain('headwater_store_syncs_total')
})

describe('request ids', () => {
  const idOf = async (given?: string) => {
    const headers: Record<string, string> = given === undefined ? {} : { 'x-request-id': given }
    const answer = await call(server, 'server.describeServer', { headers })
    return answer.headers.get('x-request-id')
  }

  it("X-Request-Id is the client's or generated, and always returned", async () => {
    expect(await idOf('trace-1:2.3')).toBe('trace-1:2.3')
    const [one, other] = await Promise.all([idOf(), idOf()])
    expect(one).toMatch(/^[\w.:-]{8,64}$/)
    expect(other).not.toBe(one)
    expect((await call(server, '/nowhere')).headers.get('x-request-id')).not.toBeNull()
  })

  it('a long or malformed X-Request-Id is replaced', async () => {
    for (const given of ['x'.repeat(65), 'two words', '{"a":1}']) {
      expect(await idOf(given)).toMatch(/^[\w-]{8,64}$/)
    }
  })

  it('plain routes have an X-Request-Id too, and are counted by kind', async () => {
    const headers = { 'x-request-id': 'find-my-par', 'content-type': 'application/json' }
    const path = '/oauth/par?secret=hidden'
    const { status } = await call(server, path, { headers, body: '{}' })
    const line = () => server.logs.split('\n').find((text) => /find-my-par.*"http"/.test(text))
    await expect.poll(line).toBeDefined()
    const fields = { id: 'find-my-par', verb: 'POST', path: '/oauth/par', status }
    expect(JSON.parse(line()!)).toMatchObject(fields)
    expect(server.logs).not.toContain('secret=hidden')
    const { body } = await call(server, '/metrics', { as: admin })
    const count = `headwater_http_request_duration_seconds_count{route="oauth",status="${status}"} 1`
    expect(String(body).split('\n')).toContain(count)
  })

  it('the log line of a request has its X-Request-Id', async () => {
    await idOf('find-me')
    const line = () => server.logs.split('\n').find((text) => text.includes('"find-me"'))
    await expect.poll(line).toBeDefined()
    expect(JSON.parse(line()!)).toMatchObject({
      id: 'find-me',
      method: 'com.atproto.server.describeServer',
      status: 200,
      ms: expect.any(Number),
    })
  })
})

describe('the log', () => {
  it('the log has no password, token or key, whatever is done and whatever fails', async () => {
    const { session } = alice.agent
    const secrets = JSON.parse(readFileSync(join(server.dir, 'secrets.json'), 'utf8')) as object
    const typed = ['hunter2-wrong-password', 'app-password-name', alice.password]
    const log = (password: string) =>
      call(server, 'server.createSession', { body: { identifier: 'alice.test', password } })
    await log(typed[0]!)
    await log(alice.password)
    await call(server, 'server.createSession', { body: `{"password":"${typed[0]}` })
    await call(server, 'server.refreshSession', {
      as: `Bearer ${session!.refreshJwt}`,
      verb: 'POST',
    })
    await call(server, 'server.getSession', { as: `Bearer ${session!.accessJwt}x` })
    await call(server, 'server.resetPassword', {
      body: { token: 'AAAAA-BBBBB', password: typed[0] },
    })
    const body = { name: typed[1] }
    const made = await call(server, 'server.createAppPassword', {
      as: `Bearer ${session!.accessJwt}`,
      body,
    })
    await call(server, 'repo.createRecord', { as: admin, body: { repo: alice.did } })
    await call(server, '/xrpc/_admin/announce', { as: admin, body: { account: 'nobody.test' } })
    const codes = await call(server, 'server.createInviteCode', {
      as: admin,
      body: { useCount: 1 },
    })
    expect(codes.status).toBe(200)
    const email = 'alice@example.com'
    await call(server, 'server.requestPasswordReset', { body: { email } })
    const mailed = await expectMailedToken()

    await expect.poll(() => server.logs).toContain('createInviteCode')
    const logs = server.logs
    expect(logs).not.toMatch(/eyJ[\w-]{8,}\./)
    const { password } = made.body as { password?: string }
    const words = [
      ...[typed[0]!, alice.password, adminPassword, 'AAAAA-BBBBB', mailed],
      Buffer.from(`admin:${adminPassword}`).toString('base64'),
      session!.accessJwt,
      session!.refreshJwt,
      ...(password === undefined ? [] : [password]),
      ...Object.values(secrets).filter((value) => typeof value === 'string' && value.length > 8),
    ]
    expect(words.filter((word) => logs.includes(word))).toEqual([])
  })
})

/** The token in the newest mail, which a server without SMTP writes to its folder. */
async function expectMailedToken(): Promise<string> {
  const folder = join(server.dir, 'mail')
  const find = () => {
    const files = existsSync(folder) ? readdirSync(folder).sort() : []
    const mail = files.length > 0 ? readFileSync(join(folder, files.at(-1)!), 'utf8') : ''
    return /\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/.exec(mail)?.[0]
  }
  await expect.poll(find).toBeDefined()
  return find()!
}

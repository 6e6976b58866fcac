import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, ServerProcess } from '#tests/support/processes.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const limited = { PDS_RATE_LIMITS_ENABLED: 'true', PDS_RATE_LIMIT_BYPASS_KEY: 'let me by' }
const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

let server: TestServer
let second: { url: string; stop(): Promise<void> }
let alice: TestAccount
beforeAll(async () => {
  server = await startServer({ env: limited })
  second = await startSecondGateway(server)
  alice = await createTestAccount(server, 'alice')
})
afterAll(async () => {
  await second?.stop()
  await server?.remove()
})

/** A second gateway of the same server, in a process of its own. */
async function startSecondGateway({ dir, engineEndpoint }: TestServer) {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-gateway-'))
  copyFileSync(join(dir, 'secrets.json'), join(folder, 'secrets.json'))
  const { engineToken } = JSON.parse(readFileSync(join(dir, 'secrets.json'), 'utf8'))
  const port = await freePort()
  const process = new ServerProcess(folder, {
    ...limited,
    PDS_ROLE: 'gateway',
    PDS_PORT: String(port),
    PDS_DATA_DIRECTORY: folder,
    PDS_ADMIN_PASSWORD: adminPassword,
    RIVET_ENDPOINT: engineEndpoint,
    RIVET_TOKEN: engineToken as string,
  })
  const url = `http://localhost:${port}`
  const stop = async () => {
    await process.terminate()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  const isUp = () =>
    fetch(`${url}/xrpc/_health`).then(
      ({ ok }) => ok,
      () => false,
    )
  await process.ready(isUp).catch(async (error) => {
    await stop()
    throw error
  })
  return { url, stop }
}

const logIn = (at: { url: string }, identifier: string, headers: Record<string, string> = {}) =>
  call(at, 'server.createSession', { body: { identifier, password: 'wrong' }, headers })

/** The rate-limit headers of an answer. */
function rateLimitHeaders(headers: Headers): Record<string, string | null> {
  const names = ['limit', 'remaining', 'policy']
  return Object.fromEntries(names.map((name) => [name, headers.get(`ratelimit-${name}`)]))
}

describe('createSession', () => {
  it('createSession is limited to 30 in five minutes, over all gateways together', async () => {
    const calls = Array.from({ length: 40 }, (_, i) =>
      logIn(i % 2 === 0 ? server : second, 'nobody.test'),
    )
    const answers = await Promise.all(calls)
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(30)
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
    const refused = answers.find(({ status }) => status === 429)!
    expect(refused.body).toEqual({ error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' })
    expect(rateLimitHeaders(refused.headers)).toEqual({
      limit: '30',
      remaining: '0',
      policy: '30;w=300',
    })
    const now = Date.now() / 1000
    const reset = Number(refused.headers.get('ratelimit-reset'))
    expect(reset - now).toBeGreaterThan(280)
    expect(reset - now).toBeLessThan(301)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(280)
    expect(refused.headers.get('access-control-expose-headers')).toContain('RateLimit-Limit')
  })

  it('createSession is counted per identifier, and per address behind a proxy', async () => {
    const other = await logIn(server, 'somebody.test')
    expect(rateLimitHeaders(other.headers)).toEqual({
      limit: '30',
      remaining: '29',
      policy: '30;w=300',
    })
    const otherAddress = { 'x-forwarded-for': '203.0.113.7' }
    const same = await logIn(second, 'nobody.test', otherAddress)
    expect(same.status).toBe(401)
    expect(rateLimitHeaders(same.headers)).toMatchObject({ remaining: '29' })
    expect((await logIn(second, 'nobody.test')).status).toBe(429)
  })

  it('createSession with the bypass key is not counted', async () => {
    const by = (key: string) => logIn(server, 'nobody.test', { 'x-ratelimit-bypass': key })
    const { status, headers } = await by('let me by')
    expect(status).toBe(401)
    expect(rateLimitHeaders(headers)).toEqual({ limit: null, remaining: null, policy: null })
    expect((await by('let me')).status).toBe(429)
  })
})

describe('all calls', () => {
  it('every call has rate-limit headers, refused ones too', async () => {
    const address = { 'x-forwarded-for': '203.0.113.8' }
    const ask = (method: string) => call(server, method, { headers: address })
    const first = await ask('server.describeServer')
    expect(rateLimitHeaders(first.headers)).toEqual({
      limit: '3000',
      remaining: '2999',
      policy: '3000;w=300',
    })
    const unknown = await ask('sync.nothingLikeThis')
    expect(rateLimitHeaders(unknown.headers)).toMatchObject({ remaining: '2998' })
    const repo = await call(server, 'sync.getRepo', { query: { did: alice.did }, headers: address })
    expect(rateLimitHeaders(repo.headers)).toEqual({
      limit: '6000',
      remaining: '5999',
      policy: '6000;w=300',
    })
    const record = { $type: 'com.example.thing' }
    const body = { repo: alice.did, collection: 'com.example.thing', record }
    const write = { as: alice, body, headers: { 'x-forwarded-for': '203.0.113.9' } }
    const written = await call(server, 'repo.createRecord', write)
    expect(written.status).toBe(200)
    expect(rateLimitHeaders(written.headers)).toMatchObject({ limit: '3000', remaining: '2999' })
  })

  it('writes of an account share their points over all gateways', async () => {
    const writes = Array.from({ length: 199 }, () => ({
      $type: 'com.atproto.repo.applyWrites#create',
      collection: 'com.example.thing',
      value: { $type: 'com.example.thing' },
    }))
    const write = (at: { url: string }) =>
      call(at, 'repo.applyWrites', { as: alice, body: { repo: alice.did, writes } })
    const statuses: number[] = []
    for (let i = 0; i < 9; i++) statuses.push((await write(i % 2 ? second : server)).status)
    // 597 points each, after 3 that were spent before.
    expect(statuses).toEqual([...Array.from({ length: 8 }, () => 200), 429])
    const refused = await write(server)
    expect(rateLimitHeaders(refused.headers)).toEqual({
      limit: '5000',
      remaining: '0',
      policy: '5000;w=3600',
    })
  })

  it('refused calls are counted in the metrics', async () => {
    const { body } = await call(server, '/metrics', { as: admin })
    expect(body).toMatch(
      /^headwater_rate_limited_requests_total\{limit="com.atproto.server.createSession-1"\} \d+$/m,
    )
    expect(body).toMatch(/^headwater_rate_limited_requests_total\{limit="repo-write-hour"\} \d+$/m)
  })
})

it('without PDS_RATE_LIMITS_ENABLED nothing is counted, and no rate-limit header is sent', async () => {
  await using open = await startServer()
  const { headers } = await call(open, 'server.describeServer')
  expect(rateLimitHeaders(headers)).toEqual({ limit: null, remaining: null, policy: null })
})

import { describe, expect, it } from 'vitest'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { rateLimitHeaders } from '#src/gateway/xrpc/rate-limit-headers.ts'
import { channelMessages, realtimeRequests } from '#src/gateway/xrpc/rate-limit-policy.ts'
import { attemptLimiter, type CountedCall, rateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import { lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const MINUTE = 60_000

function open(options: { bypassKey?: string; bypassIps?: string[] } = {}) {
  const clock = new TestClock()
  const limiter = openLimiter({ clock })
  const refused: string[] = []
  const leases = new Leases({
    send: (requests, unspent) => lease(limiter, { requests, unspent }),
    clock,
    onFailure: (error) => {
      throw error
    },
  })
  const check = rateLimits({
    leases,
    addressOf: clientAddress(options.bypassIps ?? []),
    bypassKey: options.bypassKey,
    bypassIps: options.bypassIps ?? [],
    onRefused: (limit) => refused.push(limit),
  })
  return { check, clock, refused }
}

function call(nsid: string, more: Partial<CountedCall> & { ip?: string; headers?: object } = {}) {
  const { ip = '203.0.113.7', headers = {}, ...rest } = more
  const request = { socket: { remoteAddress: ip }, headers } as unknown as CountedCall['request']
  return { nsid, request, caller: undefined, input: undefined, ...rest }
}

const alice = { did: 'did:plc:alice' }
const create = (caller = alice) => call('com.atproto.repo.createRecord', { caller })

/** The number of calls before one is refused. */
async function allowed(
  check: ReturnType<typeof rateLimits>,
  make: (i: number) => CountedCall,
  max = 10_000,
): Promise<number> {
  for (let i = 0; i < max; i++) {
    if ((await check(make(i)))?.isRefused) return i
  }
  return max
}

describe('the reference’s limits', () => {
  it.each([
    ['com.atproto.server.createAccount', 100],
    ['com.atproto.server.resetPassword', 50],
    // Ours, not the reference's.
    ['com.atproto.server.reserveSigningKey', 100],
    ['com.atproto.server.requestPasswordReset', 15],
    ['com.atproto.server.deleteAccount', 50],
    ['com.atproto.repo.uploadBlob', 1000],
    ['com.atproto.sync.getRepo', 6000],
    ['com.atproto.server.describeServer', 3000],
    ['com.example.not.there', 3000],
  ])('%s is limited to %i per address', async (nsid, max) => {
    const { check } = open()
    expect(await allowed(check, () => call(nsid))).toBe(max)
    expect(await check(call(nsid, { ip: '203.0.113.8' }))).toMatchObject({ isRefused: false })
  })

  it.each([
    ['com.atproto.identity.updateHandle', 10],
    // Ours, not the reference's.
    ['dev.headwater.group.create', 20],
    ['_delegation.createDelegatedAccount', 20],
    ['dev.headwater.group.acceptInvite', 30],
    ['dev.headwater.history.getRepo', 30],
    ['dev.headwater.archive.putBucket', 10],
    ['dev.headwater.archive.createArchive', 5],
    ['com.atproto.server.requestAccountDelete', 5],
    ['com.atproto.server.requestEmailConfirmation', 5],
    ['com.atproto.server.requestEmailUpdate', 5],
  ])('%s is limited to %i per account', async (nsid, max) => {
    const { check } = open()
    expect(await allowed(check, (i) => call(nsid, { caller: alice, ip: `192.0.2.${i}` }))).toBe(max)
    expect(await check(call(nsid, { caller: { did: 'did:plc:bob' } }))).toMatchObject({
      isRefused: false,
    })
  })

  it('createAccount by the admin is not limited', async () => {
    const { check } = open()
    const make = () => call('com.atproto.server.createAccount', { caller: { admin: true } })
    expect(await allowed(check, make, 5_000)).toBe(5_000)
  })

  it('refreshIdentity is limited to 100 per address, beyond the reference', async () => {
    const { check } = open()
    const refresh = () => call('com.atproto.identity.refreshIdentity')
    expect(await allowed(check, refresh)).toBe(100)
  })

  it('createSession is limited to 30 in five minutes and 300 a day, per identifier and address', async () => {
    const { check, clock } = open()
    const log = (identifier: string, ip = '203.0.113.7') =>
      call('com.atproto.server.createSession', { input: { identifier }, ip })
    const letters = ['alice.test', 'ALICE.test', '@Alice.Test ']
    expect(await allowed(check, (i) => log(letters[i % 3]!))).toBe(30)
    expect(await check(log('bob.test'))).toMatchObject({ isRefused: false })
    expect(await check(log('alice.test', '192.0.2.1'))).toMatchObject({ isRefused: false })
    let more = 0
    for (let i = 0; i < 20; i++) {
      clock.time += 5 * MINUTE
      more += await allowed(check, () => log('alice.test'))
    }
    expect(30 + more).toBeLessThanOrEqual(300)
    expect(30 + more).toBeGreaterThan(280)
  })

  it('writes are limited to 5000 points an hour per account: 3 to create, 2 to update, 1 to delete', async () => {
    const { check } = open()
    const write = (op: string) => call(`com.atproto.repo.${op}`, { caller: alice })
    const applyWrites = (...kinds: string[]) => ({
      ...write('applyWrites'),
      input: { writes: kinds.map((kind) => ({ $type: `com.atproto.repo.applyWrites#${kind}` })) },
    })
    const remaining = async (given: CountedCall) => {
      const status = await check(given)
      return status?.limit.name === 'global-ip' ? 'the global one' : status?.remaining
    }
    // The global limit has fewer points left until 2000 of these are spent.
    expect(await remaining(applyWrites(...Array.from({ length: 800 }, () => 'create')))).toBe(2600)
    expect(await remaining(create())).toBe(2597)
    expect(await remaining(write('putRecord'))).toBe(2595)
    expect(await remaining(write('deleteRecord'))).toBe(2594)
    expect(await remaining(applyWrites('create', 'update', 'delete'))).toBe(2588)
    expect(await allowed(check, () => create())).toBe(Math.floor(2588 / 3))
    expect(await check(create({ did: 'did:plc:bob' }))).toMatchObject({ isRefused: false })
  })

  it('getRepo does not count against the shared limit', async () => {
    const { check } = open()
    for (let i = 0; i < 100; i++) await check(call('com.atproto.sync.getRepo'))
    const status = await check(call('com.atproto.server.describeServer'))
    expect(status).toMatchObject({ remaining: 2999 })
  })
})

describe('bypass', () => {
  it('a call with the bypass key is not counted', async () => {
    const { check } = open({ bypassKey: 'open sesame' })
    const by = (key: string) => call('com.example.any', { headers: { 'x-ratelimit-bypass': key } })
    expect(await check(by('open sesame'))).toBeUndefined()
    expect(await check(by('open'))).toMatchObject({ remaining: 2999 })
  })

  it('an empty bypass header is ignored if no key is configured', async () => {
    const { check } = open()
    const given = call('com.example.any', { headers: { 'x-ratelimit-bypass': '' } })
    expect(await check(given)).toMatchObject({ remaining: 2999 })
  })

  it('a call from a bypass address is not counted, whichever proxy brings it', async () => {
    const { check } = open({ bypassIps: ['192.0.2.0/24'] })
    expect(await check(call('com.example.any', { ip: '192.0.2.9' }))).toBeUndefined()
    const brought = call('com.example.any', {
      ip: '192.0.2.9',
      headers: { 'x-forwarded-for': '203.0.113.7' },
    })
    expect(await check(brought)).toMatchObject({ remaining: 2999 })
  })
})

describe('rate-limit headers', () => {
  it('the rate-limit headers are those of the reference', () => {
    const limit = { name: 'any', points: 30, durationMs: 5 * MINUTE }
    const status = { limit, isRefused: false, remaining: 29, resetAt: 1_700_000_300_500 }
    expect(rateLimitHeaders(status, 1_700_000_000_500)).toEqual({
      'ratelimit-limit': '30',
      'ratelimit-reset': '1700000300',
      'ratelimit-remaining': '29',
      'ratelimit-policy': '30;w=300',
    })
    const refused = { ...status, isRefused: true, remaining: 0 }
    expect(rateLimitHeaders(refused, 1_700_000_000_400)).toMatchObject({ 'retry-after': '301' })
  })

  it('the rate-limit headers describe the limit with the fewest points left, or the one that refused', async () => {
    const { check, refused } = open()
    const log = call('com.atproto.server.createSession', { input: { identifier: 'alice.test' } })
    expect(await check(log)).toMatchObject({ limit: { points: 30 }, remaining: 29 })
    await allowed(check, () => log)
    expect(await check(log)).toMatchObject({ limit: { points: 30 }, isRefused: true, remaining: 0 })
    expect(refused.at(-1)).toBe('com.atproto.server.createSession-1')
  })
})

it('page actions are counted as the method with the same effect, by identifier and address', async () => {
  const { check } = open()
  const count = attemptLimiter(check)
  const signIn = (address: string, identifier = 'alice.test') =>
    count('com.atproto.server.createSession', { address, input: { identifier } })
  for (let i = 0; i < 30; i++) await signIn('203.0.113.7')
  await expect(signIn('203.0.113.7', 'Alice.test')).rejects.toMatchObject({ status: 429 })
  await signIn('203.0.113.8')
  await signIn('203.0.113.7', 'bob.test')
  await attemptLimiter(undefined)('com.atproto.server.createSession', { address: '', input: {} })
})

it('an account sends ten messages a second in channels, by publish and over its connections together', async () => {
  const { check, clock } = open()
  const publish = call('dev.headwater.realtime.publish', { caller: alice })
  const overSocket = call(channelMessages, { caller: alice, ip: '203.0.113.8' })
  const inTurn = (i: number) => (i % 2 === 0 ? publish : overSocket)
  expect(await allowed(check, inTurn)).toBe(10)
  clock.time += 1_000
  expect(await allowed(check, inTurn)).toBe(10)
  expect((await check(call(channelMessages, { caller: { did: 'did:plc:bob' } })))?.isRefused).toBe(
    false,
  )
})

it('an account asks for 600 subscriptions and channels a minute', async () => {
  const { check } = open()
  expect(await allowed(check, () => call(realtimeRequests, { caller: alice }))).toBe(600)
})

it('a tenant makes 6,000 calls a minute, and verifies 30 domains in five, from whichever addresses', async () => {
  const { check } = open()
  const roomy = { tenant: { id: 'roomy' } }
  const of = (nsid: string, caller: object) => (i: number) =>
    call(nsid, { caller, ip: `203.0.113.${i % 250}` })
  const verify = 'dev.headwater.tenant.verifyDomain'
  expect(await allowed(check, of(verify, roomy))).toBe(30)
  expect(await allowed(check, of('dev.headwater.tenant.getAccount', roomy))).toBe(6_000)
  expect(await allowed(check, of(verify, { tenant: { id: 'second' } }))).toBe(30)
})

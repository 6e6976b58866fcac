import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { thing } from '#tests/support/records.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { call } from '#tests/support/xrpc-call.ts'

let server: TestServer
let alice: TestAccount
let live: Subscription
beforeAll(async () => {
  server = await startServer({
    env: { PDS_MAX_SUBSCRIPTION_BUFFER: '20', PDS_MAX_SUBSCRIBERS_PER_ADDRESS: '50' },
  })
  live = new Subscription(server)
  await live.opened
  alice = await createTestAccount(server, 'alice')
})
afterAll(async () => {
  live.close()
  await server.remove()
})

async function create(record: object = {}): Promise<string> {
  const input = { repo: alice.did, collection: thing, record: { ...record } }
  return (await alice.agent.com.atproto.repo.createRecord(input)).data.commit!.cid
}

describe('a cursor', () => {
  it('a cursor replays the events after it byte for byte', async () => {
    for (let i = 0; i < 10; i++) await live.waitForCommit(await create({ i }))
    const { seqs } = live
    for (const at of [0, 3, seqs.length - 1]) {
      using replay = new Subscription(server, at === 0 ? 0 : seqs[at - 1])
      await replay.waitForMessages(seqs.length - at)
      const expected = live.events.slice(at).map(({ bytes }) => bytes)
      expect(replay.messages.map(({ bytes }) => bytes)).toEqual(expected)
    }
  })

  it('a cursor may be the newest seq, or lie between two', async () => {
    const head = live.seqs.at(-1)!
    using newest = new Subscription(server, head)
    using between = new Subscription(server, live.seqs[0]! - 1)
    await between.waitForMessages(live.events.length)
    await newest.opened
    const cid = await create()
    await Promise.all([
      newest.waitForCommit(cid),
      between.waitForCommit(cid),
      live.waitForCommit(cid),
    ])
    expect(newest.seqs).toEqual(live.seqs.slice(-1))
    expect(between.seqs).toEqual(live.seqs)
  })

  it.each([
    ['in the future', () => live.seqs.at(-1)! + 1, 'FutureCursor'],
    ['in the far future', () => Number.MAX_SAFE_INTEGER, 'FutureCursor'],
    ['that is no number', () => 'nonsense', 'InvalidRequest'],
    ['that is too big a number', () => '9'.repeat(40), 'InvalidRequest'],
    ['with a fraction', () => '1.5', 'InvalidRequest'],
  ])('a cursor that is %s gets an error frame and is disconnected', async (_, cursor, error) => {
    using refused = new Subscription(server, cursor())
    expect(await refused.closed).toMatchObject({ code: 1008 })
    expect(refused.messages.map(({ kind, body }) => [kind, body])).toEqual([
      ['#error', { error, message: expect.any(String) }],
    ])
  })
})

describe('replay', () => {
  it('replay is the same after a restart, page by page', async () => {
    const writers = Array.from({ length: 20 }, async () => {
      for (let i = 0; i < 35; i++) await create({ i })
    })
    await Promise.all(writers)
    await live.waitForCommit(await create())
    const before = live.messages.map(({ bytes }) => bytes)
    expect(before.length).toBeGreaterThan(700)
    live.close()
    await server.restart()
    // From here on the older events are in the log only.
    live = new Subscription(server, 0)
    await live.waitForMessages(before.length)
    expect(live.messages.map(({ bytes }) => bytes)).toEqual(before)
  })

  it('replay continues with live events without a gap or a duplicate, under load', async () => {
    const old = live.seqs
    let writing = true
    const writers = Array.from({ length: 6 }, async (_, i) => {
      while (writing) await create({ i, text: 'x'.repeat(500) })
    })
    const joined: { from: number; subscription: Subscription }[] = []
    for (let i = 0; i < 25; i++) {
      await live.waitForMessages(live.messages.length + 8)
      const from = i % 5 === 0 ? live.seqs.at(-1 - i)! : old.at(-1 - ((i * 97) % old.length))!
      joined.push({ from, subscription: new Subscription(server, from) })
    }
    writing = false
    await Promise.all(writers)
    const last = await create()
    await live.waitForCommit(last)
    for (const { from, subscription } of joined) {
      await subscription.waitForCommit(last)
      expect(subscription.seqs).toEqual(live.seqs.filter((seq) => seq > from))
      subscription.close()
    }
  })
})

describe('a subscriber that does not read', () => {
  it('a subscriber that does not read is disconnected with ConsumerTooSlow, and no other is', async () => {
    using stalled = new Subscription(server)
    await stalled.opened
    await stalled.waitForCommit(await create())
    stalled.ws.pause()
    let last = ''
    for (let i = 0; i < 40; i++) last = await create({ text: 'x'.repeat(700_000) })
    await live.waitForCommit(last)
    stalled.ws.resume()
    expect(await stalled.closed).toEqual({ code: 1008, reason: 'ConsumerTooSlow' })
    const { kind, body } = stalled.messages.at(-1)!
    expect([kind, body]).toEqual(['#error', expect.objectContaining({ error: 'ConsumerTooSlow' })])
    const { seqs } = stalled
    expect(seqs).toEqual(live.seqs.slice(live.seqs.indexOf(seqs[0]!)).slice(0, seqs.length))
    expect(seqs.length).toBeLessThan(41)
  })
})

describe('the backfill window', () => {
  it('a cursor outside the backfill window gets #info OutdatedCursor, and then the events inside', async () => {
    const windowMs = 3_000
    await using small = await startServer({ env: { PDS_REPO_BACKFILL_LIMIT_MS: `${windowMs}` } })
    using all = new Subscription(small)
    await all.opened
    const { agent, did } = await createTestAccount(small, 'bob')
    const write = async () => {
      const input = { repo: did, collection: thing, record: {} }
      return (await agent.com.atproto.repo.createRecord(input)).data.commit!.cid
    }
    await all.waitForMessages(4)
    const [first] = all.seqs as [number]
    const isOutdated = async () => {
      await write()
      using old = new Subscription(small, first)
      await old.waitForMessages(1)
      return old.kinds[0]
    }
    await expect.poll(isOutdated, { timeout: 5 * windowMs, interval: 200 }).toBe('#info')

    const attempt = Date.now()
    using old = new Subscription(small, first)
    await old.waitForMessages(1)
    const answered = Date.now()
    const cid = await write()
    await Promise.all([old.waitForCommit(cid), all.waitForCommit(cid)])
    expect(old.messages[0]!.body).toEqual({ name: 'OutdatedCursor', message: expect.any(String) })
    expect(old.kinds.filter((kind) => kind === '#info')).toHaveLength(1)
    expect(old.seqs).toEqual(all.seqs.slice(-old.seqs.length))
    const [outside, inside] = all.events.slice(-old.seqs.length - 1).map(({ body }) => body.time)
    // The seq decides, and an event gets it some time after its own time.
    expect(Date.parse(inside!)).toBeGreaterThan(attempt - windowMs - 1_000)
    expect(Date.parse(outside!)).toBeLessThanOrEqual(answered - windowMs)

    using fresh = new Subscription(small, all.seqs.at(-2))
    await fresh.waitForMessages(1)
    expect(fresh.kinds[0]).toBe('#commit')
  })
})

describe('the upgrade', () => {
  it('subscribeRepos answers a plain request with UpgradeRequired', async () => {
    const plain = await call(server, 'sync.subscribeRepos')
    expect(plain).toMatchObject({ status: 426, error: 'UpgradeRequired' })
  })
})

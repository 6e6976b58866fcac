import { describe, expect, it } from 'vitest'
import { type CrawlerPorts, Crawlers } from '#src/gateway/crawlers.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const relay = 'https://relay.example.com'
const other = 'https://other.example.com'
const everyMs = 1_200_000

function open(overrides: Partial<CrawlerPorts> = {}) {
  const clock = new TestClock()
  const requests: [url: string, body: unknown][] = []
  const timers: { at: number; run: () => void; isOff: boolean }[] = []
  const warnings: unknown[] = []
  const crawlers = new Crawlers({
    crawlers: [relay],
    hostname: 'pds.example.com',
    claimTurn: async () => true,
    fetch: async (url, init) => {
      requests.push([String(url), JSON.parse(String(init?.body))])
      return new Response(null)
    },
    clock,
    timer: (ms, run) => {
      const timer = { at: clock.now() + ms, run, isOff: false }
      timers.push(timer)
      return () => {
        timer.isOff = true
      }
    },
    log: { info: () => {}, warn: (what: unknown) => void warnings.push(what) },
    ...overrides,
  })
  const pass = async (ms: number) => {
    clock.time += ms
    for (const timer of timers.splice(0)) {
      if (timer.at > clock.now()) timers.push(timer)
      else if (!timer.isOff) timer.run()
    }
    await settled()
  }
  return { crawlers, requests, warnings, pass }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('crawlers', () => {
  it('crawlers get requestCrawl with our hostname after a new event', async () => {
    const { crawlers, requests } = open({ crawlers: [relay, other] })
    crawlers.notify()
    await settled()
    const body = { hostname: 'pds.example.com' }
    expect(requests).toEqual([
      [`${relay}/xrpc/com.atproto.sync.requestCrawl`, body],
      [`${other}/xrpc/com.atproto.sync.requestCrawl`, body],
    ])
  })

  it('crawlers get one requestCrawl in twenty minutes, and a last one if events came meanwhile', async () => {
    const { crawlers, requests, pass } = open()
    for (let i = 0; i < 100; i++) crawlers.notify()
    await settled()
    crawlers.notify()
    expect(requests).toHaveLength(1)
    await pass(everyMs - 1)
    expect(requests).toHaveLength(1)
    await pass(2_000)
    expect(requests).toHaveLength(2)
    await pass(10 * everyMs)
    expect(requests).toHaveLength(2)
  })

  it('crawlers are notified by the gateway whose turn it is', async () => {
    const { crawlers, requests } = open({ claimTurn: async () => false })
    crawlers.notify()
    await settled()
    expect(requests).toEqual([])
  })

  it('crawlers are notified also if the limiter is unreachable', async () => {
    const { crawlers, requests } = open({
      claimTurn: () => Promise.reject(new Error('away')),
    })
    crawlers.notify()
    await settled()
    expect(requests).toHaveLength(1)
  })

  it('a crawler that fails does not keep the others from being notified', async () => {
    const { crawlers, warnings } = open({
      crawlers: [relay, other],
      fetch: async (url) =>
        new Response(null, { status: String(url).startsWith(relay) ? 500 : 200 }),
    })
    expect(await crawlers.request()).toEqual([other])
    expect(warnings).toHaveLength(1)
  })

  it('crawlers are notified on request at any time, which fails if none accepts or none is configured', async () => {
    const { crawlers, requests } = open()
    crawlers.notify()
    await crawlers.request()
    expect(requests).toHaveLength(2)
    const failing = open({ fetch: () => Promise.reject(new Error('no route')) })
    await expect(failing.crawlers.request()).rejects.toMatchObject({ status: 502 })
    await expect(open({ crawlers: [] }).crawlers.request()).rejects.toMatchObject({ status: 400 })
  })

  it('crawlers are not notified after close', async () => {
    const { crawlers, requests, pass } = open()
    crawlers.notify()
    await settled()
    crawlers.notify()
    crawlers.close()
    await pass(2 * everyMs)
    crawlers.notify()
    await settled()
    expect(requests).toHaveLength(1)
  })
})

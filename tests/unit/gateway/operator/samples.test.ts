import { expect, it } from 'vitest'
import { CallTimes } from '#src/gateway/operator/call-times.ts'
import { type SamplePorts, Samples } from '#src/gateway/operator/samples.ts'
import { WebhookStats } from '#src/webhooks/stats.ts'

const start = Date.UTC(2026, 10, 20)

function open() {
  const clock = { time: start, now: () => clock.time }
  const log = { events: 0, oldestAt: null, bytes: 0, added: 100 }
  const asked = { slowly: 0 }
  const ports: SamplePorts = {
    ...{ clock, storeSyncs: undefined, unhandledRejections: () => 0 },
    webhooks: new WebhookStats(clock),
    firehose: { subscribers: () => 2, head: () => 1_000_000, lags: () => [3, 7] },
    async counts() {
      asked.slowly += 1
      return { accounts: { active: 8, takendown: 1 }, reminders: 6 }
    },
    health: {
      awake: () => ({ accounts: 4, max: 9, putToSleep: 0, backlog: 5 }),
      head: async () => 3_000_000,
      logSize: async () => ({ ...log }),
      freeBytes: async () => 10,
      storeSize: async () => ({ bytes: 20, walBytes: 3 }),
    },
  }
  const samples = new Samples(ports)
  const metrics = samples.watch({
    ...{ observe: () => {}, observeHttp: () => {}, rateLimited: () => {} },
    render: async () => ({ text: '', type: '' }),
  })
  return { samples, metrics, clock, log, asked }
}

it('a sample has what happened since the one before', async () => {
  const { samples, metrics, clock, log } = open()
  await samples.take()
  for (const status of [200, 400, 500, 502, 507, 501]) metrics.observe('a.b.c', status, 0.01)
  metrics.observeHttp('pages', 500, 1)
  metrics.rateLimited('global-ip')
  clock.time += 30_000
  log.added += 60
  const sample = await samples.take()
  const counts = { calls: 6, failed: 2, failedElsewhere: 1, failedPages: 1, rateLimited: 1 }
  expect(sample).toMatchObject({ seconds: 30, events: 60, ...counts, subscribers: 2, slowest: 7 })
  expect(sample).toMatchObject({ awake: 4, backlog: 5, lag: 2, accounts: 8, undelivered: 6 })
  expect(sample.p50).toBeGreaterThan(8)
  expect(sample.p50).toBeLessThan(12)
  clock.time += 30_000
  expect(await samples.take()).toMatchObject({ calls: 0, p50: null, events: 0 })
})

it('events are not known if the sequencer has counted anew', async () => {
  const { samples, log } = open()
  await samples.take()
  log.added = 3
  expect((await samples.take()).events).toBeNull()
  log.added = 5
  expect((await samples.take()).events).toBe(2)
})

it('what is expensive is asked for in every tenth sample, and samples are kept for a day', async () => {
  const { samples, clock, asked } = open()
  for (let i = 0; i < 3_000; i++) {
    clock.time += 30_000
    await samples.take()
  }
  expect(asked.slowly).toBe(300)
  expect(samples.since(48 * 3_600_000)).toHaveLength(2_880)
  expect(samples.since(3_600_000).length).toBeLessThanOrEqual(121)
})

it('percentiles of durations are right to a fifth', () => {
  const times = new CallTimes()
  for (let i = 1; i <= 1_000; i++) times.add(i / 1_000)
  const { p50, p99 } = times.percentiles()!
  expect(p50).toBeGreaterThan(450)
  expect(p50).toBeLessThan(610)
  expect(p99).toBeGreaterThan(900)
  expect(p99).toBeLessThan(1_200)
  times.reset()
  expect(times.percentiles()).toBeUndefined()
})

it('a page gets the values of now, and rates since the last sample, which stays as it is', async () => {
  const { samples, metrics, clock } = open()
  await samples.take()
  metrics.observe('a.b.c', 200, 0.01)
  clock.time += 10_000
  const first = await samples.latest()
  expect(first).toMatchObject({ at: clock.time, seconds: 10, calls: 1 })
  clock.time += 1_000
  expect(await samples.latest()).toBe(first)
  metrics.observe('a.b.c', 200, 0.01)
  clock.time += 4_000
  expect(await samples.latest()).toMatchObject({ seconds: 15, calls: 2, backlog: 5 })
  expect(samples.since(3_600_000)).toHaveLength(1)
  clock.time += 15_000
  expect(await samples.take()).toMatchObject({ seconds: 30, calls: 2 })
})

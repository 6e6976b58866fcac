/** The simulation of a sequencer and a directory in shards. */
import { expect, it } from 'vitest'
import { simulateCreations } from '#tests/load/shards/creations.ts'
import { simulateFirehose } from '#tests/load/shards/firehose.ts'
import { groupCommits } from '#tests/load/shards/group-commit.ts'

const steady = {
  sequencer: { baseMs: 10, eventMs: 0.1, maxEvents: 256 },
  slow: { share: 0, ms: 0 },
  heartbeatMs: 5,
  networkMs: 1,
}
const middle = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

it('what arrives during a transaction goes together into the next one, up to its limit', () => {
  expect(groupCommits([0, 1, 2, 3, 40], 2, (count) => 10 * count)).toEqual([
    { startMs: 0, endMs: 10, from: 0, to: 1 },
    { startMs: 10, endMs: 30, from: 1, to: 3 },
    { startMs: 30, endMs: 40, from: 3, to: 4 },
    { startMs: 40, endMs: 50, from: 4, to: 5 },
  ])
})

it('events of one shard are passed on as soon as they are stored', () => {
  const options = { shards: 1, eventsPerSecond: 20, subscribers: 0, seconds: 20, times: steady }
  const { stored, merged } = simulateFirehose(options)
  for (const [n, ms] of merged.entries()) expect(ms).toBeCloseTo(stored[n]! + 1)
})

it('events of several shards wait for the slowest of them', () => {
  const of = (shards: number, share: number) =>
    simulateFirehose({
      ...{ shards, eventsPerSecond: 500, subscribers: 0, seconds: 20 },
      times: { ...steady, slow: { share, ms: 200 } },
    })
  expect(middle(of(16, 0).merged)).toBeLessThan(30)
  expect(middle(of(16, 0.05).stored)).toBeLessThan(30)
  expect(middle(of(16, 0.05).merged)).toBeGreaterThan(100)
})

it('a shard whose events take longer than they come falls behind', () => {
  const of = (eventsPerSecond: number) =>
    simulateFirehose({ shards: 1, eventsPerSecond, subscribers: 0, seconds: 10, times: steady })
  expect(of(4_000).stored.at(-1)).toBeLessThan(200)
  expect(of(8_000).stored.at(-1)).toBeGreaterThan(500)
})

it('each creation ends, after two transactions of the directory at least', () => {
  const delays = simulateCreations(4, 100, 5, { baseMs: 2, callMs: 1 })
  expect(delays.length).toBeGreaterThan(400)
  expect(Math.min(...delays)).toBeCloseTo(6)
})

it('twice as many shards of the directory are not twice as fast, because a creation is in several', () => {
  const last = (shards: number, perSecond: number) =>
    simulateCreations(shards, perSecond, 10, { baseMs: 2, callMs: 1 }).at(-1)!
  expect(last(1, 450)).toBeLessThan(500)
  expect(last(2, 900)).toBeGreaterThan(1_000)
})

/**
 * A sequencer in shards: an account's events go to the shard of its DID, and each gateway merges the shards by seq, which
 * is the time at which a transaction began. It may pass an event on when no shard can have an earlier one any more.
 */
import { groupCommits, type Transaction } from '#tests/load/shards/group-commit.ts'
import { gateway, heartbeatMs, networkMs, sequencer, slow } from '#tests/load/shards/measured.ts'
import { poisson, randomFrom } from '#tests/load/shards/random.ts'

export interface FirehoseOptions {
  shards: number
  eventsPerSecond: number
  /** At each gateway. */
  subscribers: number
  seconds: number
  /** As measured if absent. */
  times?: { sequencer: typeof sequencer; slow: typeof slow; heartbeatMs: number; networkMs: number }
}

/** From the delivery of each event, in ms, in order of their seqs. */
export interface Delays {
  /** Until it is stored, and its account may forget it. */
  stored: number[]
  /** Until it may be passed on. */
  merged: number[]
  /** Until its gateway has sent it to all subscribers. */
  sent: number[]
}

export function simulateFirehose(options: FirehoseOptions): Delays {
  const { shards, eventsPerSecond, subscribers, seconds } = options
  const times = options.times ?? { sequencer, slow, heartbeatMs, networkMs }
  const random = randomFrom(shards * 1_000_003 + eventsPerSecond)
  const lanes = Array.from({ length: shards }, () => {
    const arrivals = poisson(eventsPerSecond / shards, seconds * 1000, random)
    const ms = (count: number) =>
      times.sequencer.baseMs +
      times.sequencer.eventMs * count +
      (random() < times.slow.share ? times.slow.ms : 0)
    const transactions = groupCommits(arrivals, times.sequencer.maxEvents, ms)
    const phaseMs = random() * times.heartbeatMs
    return { arrivals, transactions, phaseMs }
  })
  const events = lanes
    .flatMap(({ arrivals, transactions }) =>
      transactions.flatMap(({ startMs, endMs, from, to }) =>
        arrivals.slice(from, to).map((arrivedMs) => ({ arrivedMs, startMs, endMs })),
      ),
    )
    .sort((a, b) => a.startMs - b.startMs)
  const cursors = lanes.map(() => 0)
  const serviceMs = gateway.eventMs + gateway.subscriberMs * subscribers
  let mergedMs = 0
  let sentMs = 0
  const delays: Delays = { stored: [], merged: [], sent: [] }
  for (const { arrivedMs, startMs, endMs } of events) {
    for (const [n, { transactions, phaseMs }] of lanes.entries()) {
      while (cursors[n]! < transactions.length && transactions[cursors[n]!]!.endMs <= startMs)
        cursors[n]!++
      const silentMs = saysNothingEarlier(
        transactions[cursors[n]!],
        startMs,
        phaseMs,
        times.heartbeatMs,
      )
      mergedMs = Math.max(mergedMs, silentMs + times.networkMs)
    }
    mergedMs = Math.max(mergedMs, endMs + times.networkMs)
    sentMs = Math.max(sentMs, mergedMs) + serviceMs
    delays.stored.push(endMs - arrivedMs)
    delays.merged.push(mergedMs - arrivedMs)
    delays.sent.push(sentMs - arrivedMs)
  }
  return delays
}

/**
 * When a shard says that it has nothing more before `seqMs`: at the end of the transaction that runs then, or else with its
 * next heartbeat. `running` is its first transaction that ends after `seqMs`.
 */
function saysNothingEarlier(
  running: Transaction | undefined,
  seqMs: number,
  phaseMs: number,
  everyMs: number,
): number {
  if (running !== undefined && running.startMs <= seqMs) return running.endMs
  const heartbeatMs = phaseMs + Math.ceil((seqMs - phaseMs) / everyMs) * everyMs
  return running === undefined ? heartbeatMs : Math.min(heartbeatMs, running.endMs)
}

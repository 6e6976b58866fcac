/**
 * A directory in shards: handle, email and DID of an account are in the shards of their hashes. A creation reserves handle
 * and email, and then confirms both with the DID; each shard is called once for all that it has of them.
 */
import { directory } from '#tests/load/shards/measured.ts'
import { poisson, randomFrom } from '#tests/load/shards/random.ts'

interface Call {
  creation: number
  isConfirmation: boolean
}

interface Shard {
  waiting: Call[]
  running: Call[]
  endMs: number
}

/** How long the directory takes for each creation, in ms, in order of their ends. */
export function simulateCreations(
  shardCount: number,
  perSecond: number,
  seconds: number,
  times: typeof directory = directory,
): number[] {
  const random = randomFrom(shardCount * 7_919 + perSecond)
  const arrivals = poisson(perSecond, seconds * 1000, random)
  const homes = arrivals.map(() =>
    Array.from({ length: 3 }, () => Math.floor(random() * shardCount)),
  )
  const open = new Map<number, number>()
  const shards = Array.from(
    { length: shardCount },
    (): Shard => ({ waiting: [], running: [], endMs: Number.POSITIVE_INFINITY }),
  )
  const delays: number[] = []

  function call(creation: number, isConfirmation: boolean, now: number): void {
    const [handle = 0, email = 0, did = 0] = homes[creation]!
    const at = new Set(isConfirmation ? [handle, email, did] : [handle, email])
    open.set(creation, at.size)
    for (const n of at) {
      shards[n]!.waiting.push({ creation, isConfirmation })
      if (shards[n]!.running.length === 0) commit(shards[n]!, now)
    }
  }

  function commit(shard: Shard, now: number): void {
    shard.running = shard.waiting
    shard.waiting = []
    const isIdle = shard.running.length === 0
    const ms = times.baseMs + times.callMs * shard.running.length
    shard.endMs = isIdle ? Number.POSITIVE_INFINITY : now + ms
  }

  function end(shard: Shard): void {
    const { running, endMs } = shard
    commit(shard, endMs)
    for (const { creation, isConfirmation } of running) {
      const left = open.get(creation)! - 1
      open.set(creation, left)
      if (left > 0) continue
      if (isConfirmation) delays.push(endMs - arrivals[creation]!)
      else call(creation, true, endMs)
    }
  }

  for (let next = 0; ; ) {
    const first = shards.reduce((a, b) => (b.endMs < a.endMs ? b : a))
    const arrival = arrivals[next] ?? Number.POSITIVE_INFINITY
    if (first.endMs === Number.POSITIVE_INFINITY && arrival === Number.POSITIVE_INFINITY)
      return delays
    if (arrival < first.endMs) call(next++, false, arrival)
    else end(first)
  }
}

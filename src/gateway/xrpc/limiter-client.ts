/** How a gateway reaches the limiters: each key has its shard, and nobody waits long for one. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { RequestLeases } from '#src/gateway/xrpc/leases.ts'
import type { LeaseGrant, Limit } from '#src/limits/limiter.ts'

/** So that no one actor has to answer for all. */
const SHARDS = 4
/** A limiter that takes longer counts as out of reach. */
const PATIENCE_MS = 1_000

/** Sends each ask to the shard of its key, and brings the grants back in order. */
export function limiterClient({ limiter }: Pick<Dispatch, 'limiter'>): RequestLeases {
  return async (asks, unspent) => {
    const grants: LeaseGrant[] = new Array(asks.length)
    const calls = Array.from({ length: SHARDS }, async (_, shard) => {
      const mine = [...asks.keys()].filter((i) => shardOf(asks[i]!.key) === shard)
      const back = unspent.filter(({ key }) => shardOf(key) === shard)
      if (mine.length === 0 && back.length === 0) return
      const call = limiter(String(shard)).leases.lease({
        asks: mine.map((i) => asks[i]!),
        unspent: back,
      })
      for (const [at, grant] of (await inTime(call)).entries()) grants[mine[at]!] = grant
    })
    await Promise.all(calls)
    return grants
  }
}

/** Takes one point of a limit, if there is one. */
export function claimPoint({ limiter }: Pick<Dispatch, 'limiter'>, limit: Limit) {
  return async (): Promise<boolean> => {
    const ask = { limit, key: 'all', owed: 0, need: 1, spare: 0 }
    const [grant] = await inTime(limiter('0').leases.lease({ asks: [ask] }))
    return grant?.granted === 1
  }
}

async function inTime<T>(call: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const late = pause(PATIENCE_MS, undefined, { signal: timeout.signal, ref: false }).then(() => {
    throw new Error('the limiter does not answer in time')
  })
  try {
    return await Promise.race([call, late])
  } finally {
    timeout.abort()
    late.catch(() => {})
  }
}

/** FNV-1a: cheap, and the same in every process. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % SHARDS
}

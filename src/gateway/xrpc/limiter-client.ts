/** Calls the limiter's shards, each with a timeout. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LeaseAnswer, RequestLeases } from '#src/gateway/xrpc/leases.ts'
import type { Limit } from '#src/limits/limiter.ts'

/** All gateways must agree on it (workflows/check-shards.ts). */
export const LIMITER_SHARDS = 4
const TIMEOUT_MS = 1_000

export function limiterClient({ limiter }: Pick<Dispatch, 'limiter'>): RequestLeases {
  return async (requests, unspent) => {
    const answers: LeaseAnswer[] = new Array(requests.length)
    const calls = Array.from({ length: LIMITER_SHARDS }, async (_, shard) => {
      const indexes = [...requests.keys()].filter((i) => shardOf(requests[i]!.key) === shard)
      const returned = unspent.filter(({ key }) => shardOf(key) === shard)
      if (indexes.length === 0 && returned.length === 0) return
      const call = limiter(String(shard)).leases.lease({
        requests: indexes.map((i) => requests[i]!),
        unspent: returned,
      })
      try {
        for (const [at, grant] of (await withTimeout(call)).entries()) answers[indexes[at]!] = grant
      } catch (error) {
        // The others' grants hold.
        for (const i of indexes) answers[i] = { error }
        if (indexes.length === 0) throw error
      }
    })
    await Promise.all(calls)
    return answers
  }
}

export function claimPoint({ limiter }: Pick<Dispatch, 'limiter'>, limit: Limit) {
  return async (): Promise<boolean> => {
    const request = { limit, key: 'all', owed: 0, need: 1, spare: 0 }
    const [grant] = await withTimeout(limiter('0').leases.lease({ requests: [request] }))
    return grant?.granted === 1
  }
}

async function withTimeout<T>(call: Promise<T>): Promise<T> {
  const timeout = new AbortController()
  const late = pause(TIMEOUT_MS, undefined, { signal: timeout.signal, ref: false }).then(() => {
    throw new Error('the limiter timed out')
  })
  try {
    return await Promise.race([call, late])
  } finally {
    timeout.abort()
    late.catch(() => {})
  }
}

function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % LIMITER_SHARDS
}

import { describe, expect, it } from 'vitest'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LeaseAnswer } from '#src/gateway/xrpc/leases.ts'
import { claimPoint, limiterClient } from '#src/gateway/xrpc/limiter-client.ts'
import { type LeaseGrant, lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const limit = { name: 'any', points: 10, durationMs: 60_000 }
const ask = (key: string, need: number) => ({ limit, key, owed: 0, need, spare: 0 })

/** Shards in memory; with `isAway` they do not answer, and `awayShard` does not. */
function open() {
  const clock = new TestClock()
  const shards = new Map<string, ReturnType<typeof openLimiter>>()
  const state = { isAway: false, awayShard: '' }
  const limiter = (shard: string) => ({
    leases: {
      lease: async (input: Parameters<typeof lease>[1]) => {
        if (state.isAway || shard === state.awayShard) throw new Error('away')
        const found = shards.get(shard) ?? openLimiter({ clock })
        shards.set(shard, found)
        return lease(found, input)
      },
    },
  })
  return { dispatch: { limiter } as Pick<Dispatch, 'limiter'>, shards, state, clock }
}

const granted = (answer: LeaseAnswer | undefined) =>
  answer !== undefined && 'granted' in answer ? answer.granted : undefined

describe('calls to the limiters', () => {
  it('limiter calls reach the shard of each key, and return the grants in order', async () => {
    const { dispatch, shards } = open()
    const send = limiterClient(dispatch)
    const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`)
    const grants = await send(
      keys.map((key, i) => ask(key, i % 10)),
      [],
    )
    expect(grants.map(granted)).toEqual(keys.map((_, i) => i % 10))
    expect(shards.size).toBe(4)
    const again = await send(
      keys.map((key) => ask(key, 10)),
      [],
    )
    expect(again.map(granted)).toEqual(keys.map((_, i) => 10 - (i % 10)))
  })

  it('limiter calls return points to the shard they came from', async () => {
    const { dispatch } = open()
    const send = limiterClient(dispatch)
    const [grant] = await send([ask('one', 10)], [])
    const { resetAt } = grant as LeaseGrant
    await send([], [{ name: 'any', key: 'one', points: 4, resetAt }])
    expect(await send([ask('one', 10)], [])).toMatchObject([{ granted: 4 }])
  })

  it('limiter calls answer with the error for keys of an unreachable shard, and with grants for others', async () => {
    const { dispatch, state } = open()
    const send = limiterClient(dispatch)
    const keys = Array.from({ length: 40 }, (_, i) => ask(`key ${i}`, 4))
    state.awayShard = '2'
    const partial = (await send(keys, [])).map(granted)
    expect(new Set(partial)).toEqual(new Set([4, undefined]))
    state.awayShard = ''
    // What was granted counts.
    const more = await send(
      keys.map(({ key }) => ask(key, 10)),
      [],
    )
    expect(more.map(granted)).toEqual(partial.map((first) => 10 - (first ?? 0)))
    state.isAway = true
    expect(await send([ask('one', 1)], [])).toEqual([{ error: new Error('away') }])
  })

  it('limiter calls fail if points cannot be returned', async () => {
    const { dispatch, state } = open()
    state.isAway = true
    const unspent = [{ name: 'any', key: 'one', points: 4, resetAt: 1 }]
    await expect(limiterClient(dispatch)([], unspent)).rejects.toThrow('away')
  })

  it('a turn is given to one of the gateways that ask, until its window ends', async () => {
    const { dispatch, clock } = open()
    const mayAsk = claimPoint(dispatch, { ...limit, points: 1 })
    expect(await Promise.all([mayAsk(), mayAsk(), mayAsk()])).toEqual([true, false, false])
    clock.time += 60_000
    expect(await mayAsk()).toBe(true)
  })
})

import { describe, expect, it } from 'vitest'
import { type Shard, shardOf, wakeShards } from '#src/gateway/oauth/shards.ts'

describe('wakeShards', () => {
  it('wakeShards wakes the shard of every name', async () => {
    const requests: string[] = []
    const dispatch = (awake: string[]) => ({
      authorization: (name: string) =>
        ({ name, tokenIndex: { find: async () => void awake.push(name) } }) as unknown as Shard,
    })
    await wakeShards(dispatch(requests))
    const names = Array.from({ length: 500 }, (_, n) => `name ${n}`)
    const needed = names.map((name) => shardOf(dispatch([]), name) as unknown as { name: string })
    expect(new Set(requests)).toEqual(new Set(needed.map(({ name }) => name)))
    expect(requests).toHaveLength(8)
  })
})

import { expect, it } from 'vitest'
import { isFirstUse } from '#src/authorization/replay-store.ts'
import { findTokenOwner, putTokenOwner, removeTokenOwner } from '#src/authorization/token-index.ts'
import { testShard } from '#tests/support/test-shard.ts'

const keptMs = 60_000

it('the replay store accepts a value from one attempt only, until it expires', async () => {
  const shard = testShard()
  const use = (attempt: string, hash = 'proof') =>
    isFirstUse(shard, { hash, attempt, ttlMs: keptMs })
  expect(await Promise.all(['a', 'b', 'c'].map((attempt) => use(attempt)))).toEqual([
    true,
    false,
    false,
  ])
  expect(await use('a')).toBe(true)
  expect(await use('d', 'another')).toBe(true)
  expect(
    await isFirstUse(testShard({ after: shard }), { hash: 'proof', attempt: 'e', ttlMs: keptMs }),
  ).toBe(false)
  shard.clock.time += keptMs
  expect(await use('f')).toBe(true)
})

it('the token index maps names to accounts until they are removed or expire', async () => {
  const shard = testShard()
  const note = (hash: string, requestId?: string) =>
    putTokenOwner(shard, { hash, did: 'did:plc:a', ttlMs: keptMs, ...(requestId && { requestId }) })
  await note('token')
  await note('code', 'req-1')
  expect(await findTokenOwner(shard, { hash: 'token' })).toEqual({
    did: 'did:plc:a',
    expiresAt: shard.clock.now() + keptMs,
    requestId: null,
  })
  expect(await findTokenOwner(shard, { hash: 'code' })).toEqual({
    did: 'did:plc:a',
    expiresAt: shard.clock.now() + keptMs,
    requestId: 'req-1',
  })
  await removeTokenOwner(shard, { hash: 'token' })
  expect(await findTokenOwner(shard, { hash: 'token' })).toBeNull()
  shard.clock.time += 11 * keptMs
  await note('another')
  expect(await findTokenOwner(shard, { hash: 'code' })).toBeNull()
})

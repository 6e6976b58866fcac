import { expect, it } from 'vitest'
import { findName, forgetName, noteName } from '#src/authorization/names.ts'
import { isFirstUse } from '#src/authorization/used-once.ts'
import { testShard } from '#tests/helpers/authorization.ts'

const keptMs = 60_000

it('what is shown once is shown by one attempt only, until its time is over', async () => {
  const shard = testShard()
  const use = (attempt: string, hash = 'proof') => isFirstUse(shard, { hash, attempt, keptMs })
  expect(await Promise.all(['a', 'b', 'c'].map((attempt) => use(attempt)))).toEqual([
    true,
    false,
    false,
  ])
  expect(await use('a')).toBe(true)
  expect(await use('d', 'another')).toBe(true)
  expect(
    await isFirstUse(testShard({ after: shard }), { hash: 'proof', attempt: 'e', keptMs }),
  ).toBe(false)
  shard.clock.time += keptMs
  expect(await use('f')).toBe(true)
})

it('names lead to accounts until they are forgotten, or their time is over', async () => {
  const shard = testShard()
  const note = (hash: string, requestId?: string) =>
    noteName(shard, { hash, did: 'did:plc:a', keptMs, ...(requestId && { requestId }) })
  await note('token')
  await note('code', 'req-1')
  expect(await findName(shard, { hash: 'token' })).toEqual({ did: 'did:plc:a', requestId: null })
  expect(await findName(shard, { hash: 'code' })).toEqual({ did: 'did:plc:a', requestId: 'req-1' })
  await forgetName(shard, { hash: 'token' })
  expect(await findName(shard, { hash: 'token' })).toBeNull()
  shard.clock.time += 11 * keptMs
  await note('another')
  expect(await findName(shard, { hash: 'code' })).toBeNull()
})

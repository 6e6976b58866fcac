/** The cache of idempotency keys by itself: how long it knows a key, and how much it keeps. */
import { describe, expect, it } from 'vitest'
import { noteFailed } from '#src/account/failed-transactions.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import { invalidRequest } from '#src/errors.ts'

const keyOf = (id: string, issuedAt = 0) => ({ id, issuedAt })

/** Adds a call whose answer has come. */
async function addAnswered(cache: IdempotencyCache, id: string, answer: unknown, now = 0) {
  const promise = Promise.resolve(answer)
  cache.add(keyOf(id), promise, now)
  await promise
}

/** Adds a call that failed. */
async function addFailed(cache: IdempotencyCache, id: string, error: unknown, now = 0) {
  const promise = Promise.reject(error)
  cache.add(keyOf(id), promise, now)
  await promise.catch(() => {})
}

describe('how long a key is known', () => {
  it('an answer is known for 120 seconds', async () => {
    const cache = new IdempotencyCache()
    await addAnswered(cache, 'a', 'one', 1_000)
    await addAnswered(cache, 'b', 'two', 1_001)
    await addAnswered(cache, 'c', 'three', 120_999)
    expect(await cache.answerFor(keyOf('a'))).toBe('one')
    await addAnswered(cache, 'd', 'four', 121_000)
    expect(cache.answerFor(keyOf('a'))).toBeUndefined()
    expect(await cache.answerFor(keyOf('b'))).toBe('two')
    expect(cache.mayHaveForgotten(keyOf('a'), 0)).toBe(false)
  })

  it('a failure is known for 120 seconds', async () => {
    const cache = new IdempotencyCache()
    await addFailed(cache, 'a', new Error('lost'), 1_000)
    await addFailed(cache, 'b', new Error('lost'), 1_001)
    await addAnswered(cache, 'c', '', 120_999)
    expect(cache.hasFailed(keyOf('a'))).toBe(true)
    await addAnswered(cache, 'd', '', 121_000)
    expect(cache.hasFailed(keyOf('a'))).toBe(false)
    expect(cache.hasFailed(keyOf('b'))).toBe(true)
  })
})

describe('calls that fail', () => {
  it('a call that failed has no answer, and its transaction if it came as far as that', async () => {
    const cache = new IdempotencyCache()
    const transaction = { before: '3mbcdefghijk2' }
    const error = new Error('lost')
    noteFailed(error, transaction)
    await addFailed(cache, 'a', error)
    await addFailed(cache, 'b', new Error('the engine is away'))
    await addFailed(cache, 'c', undefined)
    expect(['a', 'b', 'c'].map((id) => cache.answerFor(keyOf(id)))).toEqual(
      Array(3).fill(undefined),
    )
    expect(['a', 'b', 'c'].map((id) => cache.hasFailed(keyOf(id)))).toEqual(Array(3).fill(true))
    expect(cache.failedTransaction(keyOf('a'))).toBe(transaction)
    expect(cache.failedTransaction(keyOf('b'))).toBeUndefined()
  })

  it('a call that was refused is forgotten, since nothing was written', async () => {
    const cache = new IdempotencyCache()
    await addFailed(cache, 'a', invalidRequest('no such record'))
    expect(cache.answerFor(keyOf('a'))).toBeUndefined()
    expect(cache.hasFailed(keyOf('a'))).toBe(false)
  })
})

describe('how much is kept', () => {
  const most = 20_000_000 - 900

  it.each<[string, (text: string) => unknown, number]>([
    ['text', (text) => text, 0],
    ['an object', (text) => ({ uri: text, count: 1, flag: true, missing: null }), 50],
    ['a list', (text) => [text.slice(1), 'x'], 50],
    ['objects in one another', (text) => ({ commit: { cid: text } }), 100],
  ])('%s of up to 20,000,000 characters, overhead included, is kept', async (_, of, overhead) => {
    const cache = new IdempotencyCache()
    const text = 'x'.repeat(most - overhead)
    await addAnswered(cache, 'a', of(text))
    expect(cache.answerFor(keyOf('a'))).toBeDefined()
    const larger = new IdempotencyCache()
    await addAnswered(larger, 'a', of(`${text}x`), 7)
    expect(larger.answerFor(keyOf('a'))).toBeUndefined()
    expect(larger.mayHaveForgotten(keyOf('b', 7), 0)).toBe(true)
    expect(larger.mayHaveForgotten(keyOf('b', 8), 0)).toBe(false)
    expect(larger.mayHaveForgotten(keyOf('b', 8), 1)).toBe(true)
  })

  it('an answer that comes after its key was forgotten does not count', async () => {
    const cache = new IdempotencyCache()
    const late = Promise.withResolvers<unknown>()
    cache.add(keyOf('late'), late.promise, 0)
    await addAnswered(cache, 'a', 'one', 120_000)
    late.resolve('x'.repeat(most))
    await late.promise
    await addAnswered(cache, 'b', 'two', 120_000)
    expect(await cache.answerFor(keyOf('a'))).toBe('one')
  })

  it('an answer that is forgotten makes room for others', async () => {
    const cache = new IdempotencyCache()
    for (const now of [0, 120_000, 240_000]) {
      await addAnswered(cache, `a ${now}`, 'x'.repeat(most), now)
      expect(cache.answerFor(keyOf(`a ${now}`))).toBeDefined()
    }
    expect(cache.mayHaveForgotten(keyOf('b', 0), 0)).toBe(false)
    await addAnswered(cache, 'longer', 'x'.repeat(most + 1), 360_000)
    expect(cache.answerFor(keyOf('longer'))).toBeUndefined()
  })

  it('a failure that comes after its key was forgotten makes no room, and takes none', async () => {
    const cache = new IdempotencyCache()
    const late = Promise.withResolvers<unknown>()
    cache.add(keyOf('late'), late.promise, 0)
    await addAnswered(cache, 'a', '', 120_000)
    late.reject(new Error('lost'))
    await late.promise.catch(() => {})
    await addAnswered(cache, 'b', 'x'.repeat(most), 240_000)
    expect(cache.answerFor(keyOf('b'))).toBeDefined()
    await addAnswered(cache, 'c', 'x'.repeat(most + 1), 360_000)
    expect(cache.answerFor(keyOf('c'))).toBeUndefined()
  })

  it('the revs of the 50,000 accounts that went to sleep last are kept', () => {
    const cache = new IdempotencyCache()
    for (let i = 0; i <= 50_000; i++) cache.noteSleep(`did:plc:${i}`, `rev ${i}`)
    expect(cache.revAtSleep('did:plc:0')).toBeUndefined()
    expect(cache.revAtSleep('did:plc:1')).toBe('rev 1')
    expect(cache.revAtSleep('did:plc:50000')).toBe('rev 50000')
  })
})

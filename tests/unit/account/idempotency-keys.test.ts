/** Commits whose transaction failed and may have been kept, and answers that a process has forgotten. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const record = { $type: collection, n: 1 }
const unknown = { status: 503, error: 'ServiceUnavailable' }
const lost = 'disk i/o error'

const { repo, password } = accountActions
const calls = {
  createRecord: (account: OpenAccount, key: IdempotencyKey) =>
    repo.createRecord(account, { collection, record }, key),
  applyWrites: (account: OpenAccount, key: IdempotencyKey) => {
    const $type = 'com.atproto.repo.applyWrites#create'
    return repo.applyWrites(account, { writes: [{ $type, collection, value: record }] }, key)
  },
}

/** An account that was awake for a second; `fail` makes its next transaction fail before or after it is kept. */
async function openFaulty() {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const clock = { now: () => now }
  let fault: 'before' | 'after' | undefined
  const cache = new IdempotencyCache()
  const account = await openTestAccount({
    clock,
    cache,
    onBatch: (when) => {
      if (when !== fault) return
      fault = undefined
      throw new Error(lost)
    },
  })
  await account.lane.head()
  now += 1_000
  const count = async () => (await account.sql.all('SELECT path FROM record')).length
  return {
    account,
    count,
    key: (): IdempotencyKey => ({ id: randomUUID(), issuedAt: now }),
    fail: (when: typeof fault) => {
      fault = when
    },
    pass: (ms: number) => {
      now += ms
    },
    wakeAgain: () => openTestAccount({ sql: account.sql, clock, cache }),
  }
}

async function commitOf({ lane }: OpenAccount) {
  const { cid, rev } = await lane.head()
  return { cid, rev }
}

describe.each(Object.entries(calls))('%s whose transaction failed', (_, call) => {
  it('is made by its repetition if it was not kept', async () => {
    const { account, count, key, fail } = await openFaulty()
    const own = key()
    fail('before')
    await expect(call(account, own)).rejects.toThrow(lost)
    await call(account, key())
    await call(account, own)
    expect(await count()).toBe(2)
  })

  it('is not made again if it was kept, and has its answer', async () => {
    const { account, count, key, fail } = await openFaulty()
    const own = key()
    fail('after')
    await expect(call(account, own)).rejects.toThrow(lost)
    const answer = await call(account, own)
    expect(answer.commit).toEqual(await commitOf(account))
    expect(await call(account, own)).toEqual(answer)
    expect(await count()).toBe(1)
  })

  it('has its answer only when the transaction is durable', async () => {
    const { account, key, fail } = await openFaulty()
    const own = key()
    fail('after')
    await expect(call(account, own)).rejects.toThrow(lost)
    const synced = Promise.withResolvers<void>()
    Object.assign(account.sql, { durable: () => synced.promise })
    let isAnswered = false
    const again = call(account, own).finally(() => {
      isAnswered = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isAnswered).toBe(false)
    synced.resolve()
    expect(await again).toHaveProperty('commit')
  })

  it('is not made again if another transaction failed after it and was not kept', async () => {
    const { account, count, key, fail } = await openFaulty()
    const own = key()
    fail('after')
    await expect(call(account, own)).rejects.toThrow(lost)
    fail('before')
    await expect(call(account, key())).rejects.toThrow(lost)
    expect((await call(account, own)).commit).toEqual(await commitOf(account))
    expect(await count()).toBe(1)
  })

  it('is not made again if the read that would tell failed too', async () => {
    const { account, count, key, fail } = await openFaulty()
    const own = key()
    fail('after')
    await expect(call(account, own)).rejects.toThrow(lost)
    const { first } = account.sql
    Object.assign(account.sql, { first: () => Promise.reject(new Error('the engine is away')) })
    await expect(call(account, own)).rejects.toThrow('the engine is away')
    Object.assign(account.sql, { first })
    expect(await call(account, own)).toHaveProperty('commit')
    expect(await count()).toBe(1)
  })

  it('is not made again by the next activation in this process if it was kept', async () => {
    const { account, count, key, fail, pass, wakeAgain } = await openFaulty()
    const own = key()
    fail('after')
    await expect(call(account, own)).rejects.toThrow(lost)
    await account.lane.head()
    account.idempotencyKeys.noteSleep()
    pass(1)
    expect(await call(await wakeAgain(), own)).toHaveProperty('commit')
    expect(await count()).toBe(1)
  })

  it('is made by the next activation in this process if it was not kept', async () => {
    const { account, count, key, fail, pass, wakeAgain } = await openFaulty()
    const own = key()
    fail('before')
    await expect(call(account, own)).rejects.toThrow(lost)
    account.idempotencyKeys.noteSleep()
    pass(1)
    await call(await wakeAgain(), own)
    expect(await count()).toBe(1)
  })
})

describe('answers that take more room than a process has for them', () => {
  async function fill(cache: IdempotencyCache, now: number): Promise<IdempotencyKey[]> {
    const answer = Promise.resolve('x'.repeat(1_000_000))
    const keys = Array.from({ length: 30 }, (_, i) => ({ id: `key ${i}`, issuedAt: now }))
    for (const key of keys) cache.add(key, answer, now)
    await answer
    return keys
  }

  it('are forgotten, the oldest first, but for calls that are still running', async () => {
    const cache = new IdempotencyCache()
    const running = { id: 'running', issuedAt: 4_000 }
    cache.add(running, new Promise(() => {}), 4_000)
    const keys = await fill(cache, 5_000)
    const isKept = keys.map((key) => cache.answerFor(key) !== undefined)
    expect(isKept).toEqual(keys.map((_, i) => i >= 11))
    expect(cache.answerFor(running)).toBeDefined()
    expect(cache.mayHaveForgotten({ id: 'another', issuedAt: 5_000 }, 0)).toBe(true)
    expect(cache.mayHaveForgotten({ id: 'another', issuedAt: 5_001 }, 0)).toBe(false)
  })

  it('leave a commit that is repeated to what the account has kept, and then with 503', async () => {
    const { account, count, key, pass } = await openFaulty()
    const cache = new IdempotencyCache()
    const { sql, clock } = account
    const awake = await openTestAccount({ sql, clock, cache })
    pass(1_000)
    const own = key()
    const answer = await calls.createRecord(awake, own)
    await fill(cache, clock.now())
    expect(await calls.createRecord(awake, own)).toEqual(answer)
    await fill(cache, clock.now())
    await awake.outbox.settled()
    await sql.batch([{ sql: 'DELETE FROM outbox' }])
    await expect(calls.createRecord(awake, own)).rejects.toMatchObject(unknown)
    pass(1_000)
    await calls.createRecord(awake, key())
    expect(await count()).toBe(2)
  })

  it('leave other actions to what the account has stored', async () => {
    const { account, key, pass } = await openFaulty()
    const cache = new IdempotencyCache()
    const { sql, clock } = account
    const awake = await openTestAccount({ sql, clock, cache })
    pass(1_000)
    const own = key()
    const input = { password: 'correct horse battery' }
    await password.set(awake, input, own)
    await fill(cache, clock.now())
    await password.set(awake, input, own)
    const events = await sql.all('SELECT kind FROM security_event')
    expect(events).toEqual([{ kind: 'password changed' }])
  })
})

/** Keys from before this activation of the account, which an earlier one may have used in another process. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import type { SqlValue } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const record = { $type: collection, n: 1 }
const unknown = { status: 503, error: 'ServiceUnavailable' }

const { repo, password } = accountActions
const calls = {
  createRecord: (account: OpenAccount, key: IdempotencyKey) =>
    repo.createRecord(account, { collection, record }, key),
  applyWrites: (account: OpenAccount, key: IdempotencyKey) => {
    const $type = 'com.atproto.repo.applyWrites#create'
    return repo.applyWrites(account, { writes: [{ $type, collection, value: record }] }, key)
  },
}

describe('commits of an earlier activation in another process', () => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  const keyAt = (issuedAt: number): IdempotencyKey => ({ id: randomUUID(), issuedAt })

  /** An account that wrote `before` records in its first second, and wakes ten seconds later in another process. */
  async function openMoved({ before }: { before: number }) {
    let now = start
    const clock = { now: () => now }
    const first = await openTestAccount({ clock })
    const keys: IdempotencyKey[] = []
    const answers: unknown[] = []
    for (let n = 0; n < before; n++) {
      now = start + n
      keys.push(keyAt(now))
      answers.push(await calls.createRecord(first, keys.at(-1)!))
      await first.outbox.settled()
    }
    now = start + 10_000
    const account = await openTestAccount({ clock, sql: first.sql })
    const count = async () => (await account.sql.all('SELECT path FROM record')).length
    return { account, keys, answers, count }
  }

  it('the 32 last calls get their answers', async () => {
    const { account, keys, answers, count } = await openMoved({ before: 100 })
    for (const [i, key] of keys.entries()) {
      if (i < 68) continue
      expect(await calls.createRecord(account, key)).toEqual(answers[i])
    }
    expect(await count()).toBe(100)
  })

  it('a call before these gets 503, and makes no commit', async () => {
    const { account, keys, count } = await openMoved({ before: 100 })
    await expect(calls.createRecord(account, keys[0]!)).rejects.toMatchObject(unknown)
    expect(await count()).toBe(100)
  })

  it('a call that was not made is made if a row from before it is kept, by clocks that differ by 500 ms', async () => {
    const { account, count } = await openMoved({ before: 5 })
    await expect(calls.createRecord(account, keyAt(start + 500))).rejects.toMatchObject(unknown)
    await calls.createRecord(account, keyAt(start + 501))
    expect(await count()).toBe(6)
  })

  it('a call is not made again if a process of an older release may have made it', async () => {
    const { account, keys } = await openMoved({ before: 5 })
    const forget = 'UPDATE outbox SET key = NULL, answer = NULL WHERE id >= ?'
    await account.sql.batch([{ sql: forget, params: [(start + 4) * 1000] }])
    await expect(calls.createRecord(account, keys[4]!)).rejects.toMatchObject(unknown)
    await expect(calls.createRecord(account, keyAt(start + 504))).rejects.toMatchObject(unknown)
    await calls.createRecord(account, keyAt(start + 505))
  })

  it('a call whose key is up to 500 ms younger than the wake gets the answer that it has', async () => {
    let now = start
    const clock = { now: () => now }
    const first = await openTestAccount({ clock })
    const ahead = keyAt(start + 499)
    const answer = await calls.createRecord(first, ahead)
    const account = await openTestAccount({ clock, sql: first.sql })
    expect(await calls.createRecord(account, ahead)).toEqual(answer)
    now += 1
    await calls.createRecord(account, keyAt(start + 1))
  })

  it('the keys and answers of calls that share a transaction are kept with their own events', async () => {
    const clock = { now: () => start }
    const first = await openTestAccount({ clock })
    const keys = Array.from({ length: 20 }, () => keyAt(start))
    const answers = await Promise.all(keys.map((key) => calls.createRecord(first, key)))
    const account = await openTestAccount({ clock, sql: first.sql })
    for (const [i, key] of keys.entries()) {
      expect(await calls.createRecord(account, key)).toEqual(answers[i])
    }
  })
})

describe('keys from before an activation', () => {
  const start = Date.parse('2026-01-01T00:00:00Z')

  /** An account whose last commit was at `start`, and which wakes 10 seconds later in another process. */
  async function openLater() {
    let now = start
    const clock = { now: () => now }
    const { sql } = await openTestAccount({ clock })
    now += 10_000
    const account = await openTestAccount({ clock, sql })
    const keyAt = (issuedAt: number): IdempotencyKey => ({ id: randomUUID(), issuedAt })
    const setTime = (ms: number) => {
      now = ms
    }
    return { account, wokeAt: now, keyAt, setTime }
  }

  const usedKeys = async ({ sql }: OpenAccount) =>
    (await sql.all<{ id: string }>('SELECT id FROM used_key ORDER BY used_at')).map(({ id }) => id)

  it('a commit is made for a key from 500 ms after the last commit on, and an earlier one gets 503', async () => {
    const { account, keyAt } = await openLater()
    await expect(calls.createRecord(account, keyAt(start + 500))).rejects.toMatchObject(unknown)
    await calls.createRecord(account, keyAt(start + 501))
  })

  it('a commit is made for a key of this activation, whenever the last commit was', async () => {
    const { account, wokeAt, keyAt, setTime } = await openLater()
    await calls.createRecord(account, keyAt(wokeAt))
    const again = await openTestAccount({ sql: account.sql, clock: account.clock })
    setTime(wokeAt + 1)
    await expect(calls.createRecord(again, keyAt(wokeAt - 1))).rejects.toMatchObject(unknown)
    await calls.createRecord(again, keyAt(wokeAt))
  })

  it('a commit is made for any key if the former activation ended in this process', async () => {
    const { account, keyAt } = await openLater()
    const { sql, clock } = account
    const cache = new IdempotencyCache()
    const former = await openTestAccount({ sql, clock, cache })
    await former.lane.head()
    former.idempotencyKeys.noteSleep()
    const again = await openTestAccount({ sql, clock, cache })
    await calls.createRecord(again, keyAt(start - 60_000))
  })

  it('an activation that read no head leaves the next one without a rev', async () => {
    const { account, keyAt } = await openLater()
    const { sql, clock } = account
    const cache = new IdempotencyCache()
    const former = await openTestAccount({ sql, clock, cache })
    former.idempotencyKeys.noteSleep()
    const again = await openTestAccount({ sql, clock, cache })
    await expect(calls.createRecord(again, keyAt(start))).rejects.toMatchObject(unknown)
  })

  it('a call without a key is made each time', async () => {
    const { account } = await openLater()
    await repo.createRecord(account, { collection, record })
    await repo.createRecord(account, { collection, record })
    expect(await account.sql.all('SELECT path FROM record')).toHaveLength(2)
  })

  it('a commit is made for any key in the first activation', async () => {
    const { account, keyAt } = await openLater()
    account.idempotencyKeys.beginFirstActivation()
    await calls.createRecord(account, keyAt(start - 60_000))
  })

  it('the database is asked for a key that was issued up to 500 ms after the wake', async () => {
    const { account, wokeAt, keyAt } = await openLater()
    let reads = 0
    const { first } = account.sql
    Object.assign(account.sql, {
      first: (sql: string, ...params: SqlValue[]) => {
        reads += Number(sql.includes('FROM used_key'))
        return first(sql, ...params)
      },
    })
    const input = { password: 'correct horse battery' }
    await password.set(account, input, keyAt(wokeAt + 500))
    expect(reads).toBe(0)
    await password.set(account, input, keyAt(wokeAt + 499))
    expect(reads).toBe(1)
  })

  it('stored keys are deleted after 120 seconds, by the next call that stores one', async () => {
    const { account, wokeAt, keyAt, setTime } = await openLater()
    const keys = [0, 120_000, 120_001].map((ms) => keyAt(wokeAt + ms))
    const stored: number[] = []
    for (const key of keys) {
      setTime(key.issuedAt)
      await password.set(account, { password: 'correct horse battery' }, key)
      stored.push((await usedKeys(account)).length)
    }
    expect(stored).toEqual([1, 2, 2])
    expect(await usedKeys(account)).toEqual(keys.slice(1).map(({ id }) => id))
  })
})

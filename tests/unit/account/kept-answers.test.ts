/** Commits whose calls are repeated in another process. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const record = { $type: collection, n: 1 }
const unknown = { status: 503, error: 'ServiceUnavailable' }
const create = (account: OpenAccount, key: IdempotencyKey) =>
  accountActions.repo.createRecord(account, { collection, record }, key)

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
      answers.push(await create(first, keys.at(-1)!))
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
      expect(await create(account, key)).toEqual(answers[i])
    }
    expect(await count()).toBe(100)
  })

  it('a call before these gets 503, and makes no commit', async () => {
    const { account, keys, count } = await openMoved({ before: 100 })
    await expect(create(account, keys[0]!)).rejects.toMatchObject(unknown)
    expect(await count()).toBe(100)
  })

  it('a call that was not made is made if a row from before it is kept, by clocks that differ by 500 ms', async () => {
    const { account, count } = await openMoved({ before: 5 })
    await expect(create(account, keyAt(start + 500))).rejects.toMatchObject(unknown)
    await create(account, keyAt(start + 501))
    expect(await count()).toBe(6)
  })

  it('a call is not made again if a process of an older release may have made it', async () => {
    const { account, keys } = await openMoved({ before: 5 })
    const forget = 'UPDATE outbox SET key = NULL, answer = NULL WHERE id >= ?'
    await account.sql.batch([{ sql: forget, params: [(start + 4) * 1000] }])
    await expect(create(account, keys[4]!)).rejects.toMatchObject(unknown)
    await expect(create(account, keyAt(start + 504))).rejects.toMatchObject(unknown)
    await create(account, keyAt(start + 505))
  })

  it('a call whose key is up to 500 ms younger than the wake gets the answer that it has', async () => {
    let now = start
    const clock = { now: () => now }
    const first = await openTestAccount({ clock })
    const ahead = keyAt(start + 499)
    const answer = await create(first, ahead)
    const account = await openTestAccount({ clock, sql: first.sql })
    expect(await create(account, ahead)).toEqual(answer)
    now += 1
    await create(account, keyAt(start + 1))
  })

  it('the keys and answers of calls that share a transaction are kept with their own events', async () => {
    const clock = { now: () => start }
    const first = await openTestAccount({ clock })
    const keys = Array.from({ length: 20 }, () => keyAt(start))
    const answers = await Promise.all(keys.map((key) => create(first, key)))
    const account = await openTestAccount({ clock, sql: first.sql })
    for (const [i, key] of keys.entries()) {
      expect(await create(account, key)).toEqual(answers[i])
    }
  })
})

/** The outbox: in order, repeated until acknowledged, and across restarts. */
import { expect, test } from 'vitest'
import { createRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const thing = (n: number) => ({ collection, rkey: `k${n}`, record: { $type: collection, n } })

test('the outbox delivers again, in order, what the sequencer did not take', async () => {
  const account = await openTestAccount()
  account.failDeliveries(3)
  for (let n = 0; n < 10; n++) await createRecord(account, thing(n))
  await account.outbox.settled()
  const ids = account.delivered.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  expect(ids.length).toBe(10)
})

test('outbox rows that exceed the memory limit wait in the table, and none is skipped', async () => {
  const account = await openTestAccount()
  account.failDeliveries(20)
  await Promise.all(Array.from({ length: 1500 }, (_, n) => createRecord(account, thing(n))))
  await account.outbox.settled()
  expect(account.delivered.length).toBe(1500)
  const ids = account.delivered.map(({ id }) => id)
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
})

test('after a restart the outbox delivers what was left in the table', async () => {
  const first = await openTestAccount()
  first.outbox.close()
  await createRecord(first, thing(1))
  await createRecord(first, thing(2))
  expect(first.delivered).toEqual([])
  const second = await openTestAccount({ sql: first.sql })
  await second.outbox.settled()
  expect(second.delivered.length).toBe(2)
})

interface Kept {
  id: number
  bytes: number
}
const keptRows = ({ sql }: OpenAccount) =>
  sql.all<Kept>('SELECT id, length(event) AS bytes FROM outbox ORDER BY id')
const withEvents = async (account: OpenAccount) =>
  (await keptRows(account)).filter(({ bytes }) => bytes > 0).map(({ id }) => id)

async function writeAndDeliver(account: OpenAccount, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    await createRecord(account, thing(n))
    await account.outbox.settled()
  }
}

test('acknowledged events of the outbox are deleted in batches', async () => {
  const account = await openTestAccount()
  await writeAndDeliver(account, 0, 16)
  expect(await withEvents(account)).toHaveLength(16)
  await writeAndDeliver(account, 16, 17)
  expect(await withEvents(account)).toEqual([account.delivered[16]?.id])
})

test('the outbox keeps the 32 newest acknowledged rows, without their events', async () => {
  const account = await openTestAccount()
  await writeAndDeliver(account, 0, 33)
  expect(await keptRows(account)).toHaveLength(33)
  await writeAndDeliver(account, 33, 64)
  const ids = account.delivered.map(({ id }) => id)
  expect((await keptRows(account)).map(({ id }) => id)).toEqual(ids.slice(16))
  await writeAndDeliver(account, 64, 65)
  const newest = account.delivered.map(({ id }) => id).slice(32)
  expect((await keptRows(account)).map(({ id }) => id)).toEqual(newest)
  expect(await withEvents(account)).toEqual(newest.slice(-1))
})

test('acknowledged rows of many activations are deleted, too', async () => {
  let account = await openTestAccount()
  for (let n = 0; n < 100; n++) {
    await writeAndDeliver(account, n, n + 1)
    account = await openTestAccount({ sql: account.sql })
    await account.outbox.settled()
  }
  expect((await keptRows(account)).length).toBeLessThanOrEqual(50)
  expect((await withEvents(account)).length).toBeLessThanOrEqual(18)
})

test('an account that wakes sends only what was not known to be delivered at its last write', async () => {
  const account = await openTestAccount()
  await writeAndDeliver(account, 0, 40)
  const again = await openTestAccount({ sql: account.sql })
  await again.outbox.settled()
  expect(again.delivered.map(({ id }) => id)).toEqual([account.delivered[39]?.id])
  expect(again.delivered.map((row) => Object.keys(row).sort())).toEqual([
    ['event', 'head', 'id', 'kind', 'rev', 'seqAt'],
  ])
})

test('a write before the outbox has read its table does not make it forget what was delivered', async () => {
  const account = await openTestAccount()
  await writeAndDeliver(account, 0, 20)
  const position = () => account.sql.first('SELECT delivered_id FROM repo_root')
  const before = await position()
  const first: typeof account.sql.first = (sql, ...params) =>
    sql.includes('JOIN outbox') ? new Promise(() => {}) : account.sql.first(sql, ...params)
  const again = await openTestAccount({ sql: { ...account.sql, first } })
  await createRecord(again, thing(20))
  expect(await position()).toEqual(before)
})

test('large acknowledged events are deleted with the next write', async () => {
  const account = await openTestAccount()
  const text = 'x'.repeat(300_000)
  await createRecord(account, { collection, rkey: 'large', record: { $type: collection, text } })
  await account.outbox.settled()
  await createRecord(account, thing(1))
  expect(await withEvents(account)).toHaveLength(1)
})

test('a reminder is unneeded only if one was requested and everything was delivered', async () => {
  const quiet = await openTestAccount()
  expect(quiet.outbox.close()).toBe(false)
  const busy = await openTestAccount()
  await createRecord(busy, thing(1))
  await busy.outbox.settled()
  expect(busy.outbox.close()).toBe(true)
  expect(busy.outbox.close()).toBe(false)
})

test('events of an earlier activation are delivered although reading them fails at first', async () => {
  const first = await openTestAccount()
  first.outbox.close()
  await createRecord(first, thing(1))
  await createRecord(first, thing(2))
  let failures = 2
  const all: typeof first.sql.all = (sql, ...params) => {
    const fails = sql.includes('FROM outbox') && failures-- > 0
    return fails ? Promise.reject(new Error('disk I/O error')) : first.sql.all(sql, ...params)
  }
  const second = await openTestAccount({ sql: { ...first.sql, all } })
  await createRecord(second, thing(3))
  await second.outbox.settled()
  expect(failures).toBeLessThan(0)
  const ids = second.delivered.map(({ id }) => id)
  expect(ids).toHaveLength(3)
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  expect(second.outbox.backlog).toBe(0)
})

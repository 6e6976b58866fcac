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

const idsIn = async ({ sql }: OpenAccount, table: 'outbox' | 'kept_answer') =>
  (await sql.all<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id)

async function writeAndDeliver(account: OpenAccount, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    await createRecord(account, thing(n))
    await account.outbox.settled()
  }
}

test('acknowledged outbox rows are deleted in batches', async () => {
  const account = await openTestAccount()
  await writeAndDeliver(account, 0, 16)
  expect(await idsIn(account, 'outbox')).toHaveLength(16)
  await writeAndDeliver(account, 16, 17)
  expect(await idsIn(account, 'outbox')).toEqual([account.delivered[16]?.id])
})

test('the account keeps the answers of the 32 newest events that it deletes from the outbox', async () => {
  const account = await openTestAccount()
  const ids = () => account.delivered.map(({ id }) => id)
  await writeAndDeliver(account, 0, 33)
  expect(await idsIn(account, 'kept_answer')).toEqual(ids().slice(0, 32))
  await writeAndDeliver(account, 33, 49)
  expect(await idsIn(account, 'kept_answer')).toEqual(ids().slice(16, 48))
  await Promise.all(Array.from({ length: 100 }, (_, n) => createRecord(account, thing(100 + n))))
  await account.outbox.settled()
  await writeAndDeliver(account, 49, 50)
  expect(await idsIn(account, 'kept_answer')).toEqual(ids().slice(-33, -1))
})

test('events are delivered without the columns of the answer', async () => {
  const first = await openTestAccount()
  first.outbox.close()
  const key = { id: 'key', issuedAt: 0 }
  await createRecord(first, thing(1), key)
  const account = await openTestAccount({ sql: first.sql })
  await createRecord(account, thing(2), key)
  await account.outbox.settled()
  const columns = ['event', 'head', 'id', 'kind', 'rev', 'seqAt']
  expect(account.delivered.map((row) => Object.keys(row).sort())).toEqual([columns, columns])
})

test('large acknowledged outbox rows are deleted with the next write', async () => {
  const account = await openTestAccount()
  const text = 'x'.repeat(300_000)
  await createRecord(account, { collection, rkey: 'large', record: { $type: collection, text } })
  await account.outbox.settled()
  await createRecord(account, thing(1))
  expect(await idsIn(account, 'outbox')).toHaveLength(1)
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

/** What the outbox reads from its table, what it holds in memory, and rows that arrive meanwhile. */
import { expect, test } from 'vitest'
import { addToOutbox, type OutboxRow } from '#src/account/outbox.ts'
import { accountSchema } from '#src/account/schema.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import { openOutbox, row, rowsOf } from '#tests/support/open-outbox.ts'

test('the outbox holds at most 1,000 rows in memory, and reads further ones from the table', async () => {
  const gate = Promise.withResolvers<void>()
  const sent: number[] = []
  const { outbox, drain, store } = openOutbox({
    append: async (rows) => {
      await gate.promise
      sent.push(...rows.map(({ id }) => id))
      return { through: rows.at(-1)!.id }
    },
  })
  await drain()
  const rows = rowsOf(1_001)
  await store(rows)
  outbox.deliver(rows.slice(0, 1_000))
  expect(outbox.backlog).toBe(1_000)
  outbox.deliver(rows.slice(1_000))
  expect(outbox.backlog).toBe(1_000)
  gate.resolve()
  await outbox.settled()
  expect(outbox.backlog).toBe(0)
  expect(sent).toEqual(rows.map(({ id }) => id))
})

test('rows that the outbox finds in its table are sent when they are durable', async () => {
  const syncing = Promise.withResolvers<void>()
  let isHeld = false
  const sql = nodeSql({
    schema: accountSchema,
    sync: () => (isHeld ? syncing.promise : Promise.resolve()),
  })
  const { outbox, sentIds } = openOutbox({ sql })
  await sql.batch(addToOutbox([row(1)]))
  isHeld = true
  outbox.resume()
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  expect(sentIds()).toEqual([])
  syncing.resolve()
  await outbox.settled()
  expect(sentIds()).toEqual([[1]])
})

test('rows that are delivered while the outbox reads its table are sent once, after those it finds', async () => {
  const sql = nodeSql({ schema: accountSchema })
  const gate = Promise.withResolvers<void>()
  const read = Promise.withResolvers<void>()
  const all: typeof sql.all = async (text, ...params) => {
    const rows = await sql.all<never>(text, ...params)
    read.resolve()
    await gate.promise
    return rows
  }
  const { outbox, sentIds } = openOutbox({ sql: { ...sql, all } })
  await sql.batch(addToOutbox(rowsOf(4)))
  outbox.resume()
  await read.promise
  outbox.deliver([row(3), row(4), row(5)])
  gate.resolve()
  await outbox.settled()
  expect(sentIds()).toEqual([[1, 2, 3, 4, 5]])
})

test('a row that arrives at any moment while the outbox finds its table empty is sent', async () => {
  for (let microtasks = 0; microtasks <= 20; microtasks++) {
    const sql = nodeSql({ schema: accountSchema })
    const read = Promise.withResolvers<void>()
    const all: typeof sql.all = async (text, ...params) => {
      const rows = await sql.all<never>(text, ...params)
      read.resolve()
      return rows
    }
    const { outbox, sentIds } = openOutbox({ sql: { ...sql, all } })
    outbox.resume()
    await read.promise
    for (let i = 0; i < microtasks; i++) await Promise.resolve()
    outbox.deliver([row(1)])
    await outbox.settled()
    expect(sentIds(), `after ${microtasks} microtasks`).toEqual([[1]])
  }
})

test('the outbox does not read its table again once it holds every row in memory', async () => {
  const sql = nodeSql({ schema: accountSchema })
  let reads = 0
  const all: typeof sql.all = (text, ...params) => {
    reads++
    return sql.all(text, ...params)
  }
  const { outbox, drain, sentIds } = openOutbox({ sql: { ...sql, all } })
  await drain()
  expect(reads).toBe(1)
  outbox.deliver(rowsOf(51))
  await outbox.settled()
  expect(sentIds().flat()).toHaveLength(51)
  expect(reads).toBe(1)
})

test('the outbox does not keep rows twice that it has read from its table', async () => {
  const called = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const sent: number[] = []
  const { outbox, store } = openOutbox({
    append: async (rows) => {
      called.resolve()
      await gate.promise
      sent.push(...rows.map(({ id }) => id))
      return { through: rows.at(-1)!.id }
    },
  })
  await store(rowsOf(3))
  outbox.resume()
  await called.promise
  outbox.deliver([row(2), row(3), row(4)])
  expect(outbox.backlog).toBe(4)
  gate.resolve()
  await outbox.settled()
  expect(sent).toEqual([1, 2, 3, 4])
})

test('rows that an earlier activation left in the outbox go before the first write', async () => {
  const { outbox, store, sentIds } = openOutbox()
  await store(rowsOf(2))
  outbox.deliver([row(2)])
  await outbox.settled()
  expect(sentIds()).toEqual([[1, 2]])
})

test('the outbox reads its table after a transaction that may have been committed', async () => {
  const { outbox, drain, store, sentIds } = openOutbox()
  await drain()
  await store([row(1)])
  outbox.markUncertain()
  await outbox.settled()
  expect(sentIds()).toEqual([[1]])
})

test('the outbox sends rows from the table as they were stored', async () => {
  const { drain, store, sent } = openOutbox()
  const commit = { head: 'bafyhead', rev: '3mbcdefghijk2' }
  const rows: OutboxRow[] = [
    { id: 1, kind: '#commit', event: Uint8Array.of(1, 2), seqAt: 1, ...commit },
    { id: 2, kind: '#account', event: Uint8Array.of(3), seqAt: 0 },
  ]
  await store(rows)
  await drain()
  expect(sent.flat().map((sent) => ({ ...sent, event: new Uint8Array(sent.event) }))).toEqual(rows)
})

test('a write without events has no statement for the outbox', () => {
  expect(addToOutbox([])).toEqual([])
})

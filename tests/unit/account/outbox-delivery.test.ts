/** The outbox by itself: what a delivery holds, when it is repeated, and when the reminder may go. */
import { expect, test } from 'vitest'
import { openOutbox, row, rowsOf } from '#tests/support/open-outbox.ts'

const KiB = 1024

test('a delivery from the outbox table has at most 50 rows', async () => {
  const { drain, store, sent } = openOutbox()
  await store(rowsOf(101))
  await drain()
  expect(sent.map(({ length }) => length)).toEqual([50, 50, 1])
})

test('a delivery from the memory of the outbox has at most 50 rows', async () => {
  const { outbox, drain, sent } = openOutbox()
  await drain()
  outbox.deliver(rowsOf(101))
  await outbox.settled()
  expect(sent.map(({ length }) => length)).toEqual([50, 50, 1])
})

test('a delivery of the outbox has at most 400,000 bytes, or one larger row', async () => {
  const { drain, store, sentIds } = openOutbox()
  await store([row(1, 200_000), row(2, 200_000), row(3), row(4, 500_000), row(5)])
  await drain()
  expect(sentIds()).toEqual([[1, 2], [3], [4], [5]])
})

test('the outbox sends again what follows the row that the sequencer acknowledged', async () => {
  const sent: number[][] = []
  const { drain, store } = openOutbox({
    append: async (rows) => {
      sent.push(rows.map(({ id }) => id))
      return { through: rows[0]!.id }
    },
  })
  await store(rowsOf(3))
  await drain()
  expect(sent).toEqual([[1, 2, 3], [2, 3], [3]])
})

test('the outbox waits twice as long after each failure, up to 5 seconds', async () => {
  const errors: unknown[] = []
  const { drain, store, fail, pauses } = openOutbox({ onFailure: (error) => errors.push(error) })
  await store([row(1)])
  fail(9)
  await drain()
  expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000])
  expect(errors).toHaveLength(9)
})

test('the pauses of the outbox start over at 50 ms after each delivery that succeeds', async () => {
  const succeeds = [false, false, true, false, false, true]
  const { drain, store, pauses } = openOutbox({
    append: async (rows) => {
      if (succeeds.shift() === false) throw new Error('the sequencer is away')
      return { through: rows.at(-1)!.id }
    },
  })
  await store(rowsOf(51))
  await drain()
  expect(pauses).toEqual([50, 100, 50, 100])
})

test('the outbox stops when its actor has stopped', async () => {
  const stopped = new Error('stopped')
  let attempts = 0
  const { outbox, drain, store, pauses } = openOutbox({
    append: async () => {
      attempts++
      throw stopped
    },
    isActorStopped: (error) => error === stopped,
  })
  await store([row(1)])
  await drain()
  outbox.deliver([row(2)])
  await outbox.settled()
  expect(attempts).toBe(1)
  expect(pauses).toEqual([])
})

test('the outbox keeps the actor awake until everything is delivered', async () => {
  const { outbox, drain, awake, sent } = openOutbox()
  await drain()
  expect(awake).toHaveLength(1)
  outbox.deliver(rowsOf(51))
  expect(awake).toHaveLength(2)
  await awake[1]
  expect(sent).toHaveLength(2)
  outbox.deliver([])
  expect(awake).toHaveLength(2)
})

test.each([
  ['16', rowsOf(16), rowsOf(16, 17)],
  ['256 KiB of', [row(15, 256 * KiB - 1), row(16)], [row(31, 256 * KiB - 1), row(32)]],
])('the outbox deletes acknowledged rows whenever there are %s more', async (_, ...rounds) => {
  const { outbox, drain } = openOutbox()
  await drain()
  for (const rows of rounds) {
    outbox.deliver(rows.slice(0, -1))
    await outbox.settled()
    expect(outbox.deleteDelivered()).toEqual([])
    outbox.deliver(rows.slice(-1))
    await outbox.settled()
    const params = [rows.at(-1)!.id]
    expect(outbox.deleteDelivered()).toMatchObject([{ params }, { params }, { params }, {}])
    expect(outbox.deleteDelivered()).toEqual([])
  }
})

test('an outbox needs its reminder while it delivers', async () => {
  const { outbox, awake } = openOutbox()
  outbox.resume()
  expect(outbox.close()).toBe(false)
  await awake[0]
  expect(outbox.close()).toBe(true)
})

test('an outbox needs its reminder after a transaction that may have been committed, until the next one', async () => {
  const { outbox } = openOutbox()
  outbox.markUncertain()
  await outbox.settled()
  expect(outbox.close()).toBe(false)
  for (const next of ['deliver', 'deliverStored'] as const) {
    const later = openOutbox()
    later.outbox.markUncertain()
    later.outbox[next]([])
    await later.outbox.settled()
    expect(later.outbox.close()).toBe(true)
  }
})

test('an outbox reads its table for rows that only the table has, also if it holds all others in memory', async () => {
  const { outbox, drain, store, sentIds } = openOutbox()
  await drain()
  await store(rowsOf(2))
  outbox.deliverStored()
  await outbox.settled()
  expect(sentIds()).toEqual([[1, 2]])
})

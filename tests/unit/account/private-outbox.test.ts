/** The delivery of private events: whatever fails or stops, an acknowledged thing has its event, once and in order. */
import { describe, expect, it, test } from 'vitest'
import { addPrivateEvent, isPrivateEvent } from '#src/account/private-events.ts'
import { PrivateOutbox, type PrivateOutboxPorts } from '#src/account/private-outbox.ts'
import { accountSchema } from '#src/account/schema.ts'
import type { Statement } from '#src/ports/sql.ts'
import { appendPrivate } from '#src/sequencer/log.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'
import { openTestAccount } from '#tests/support/open-account.ts'
import { testSequencer } from '#tests/support/test-sequencer.ts'

const did = 'did:plc:alice'

/** A thing that happens, and its event. */
const doing = (n: number, now = 1_000 + n): Statement[] => [
  {
    sql: 'INSERT INTO credential (kind, name, secret, created_at) VALUES (?, ?, ?, ?)',
    params: ['thing', String(n), '', now],
  },
  addPrivateEvent({ clock: { now: () => now } }, '#preferences', { names: [String(n)] }),
]

function open(ports: Partial<PrivateOutboxPorts> = {}, hooks: NodeSqlOptions = {}) {
  const database = (ports.sql as NodeSql) ?? nodeSql({ schema: accountSchema, ...hooks })
  const sent: string[][] = []
  const outbox = new PrivateOutbox({
    sql: database,
    reminder: { ensure: async () => {} },
    append: async (rows) => {
      sent.push(rows.map(({ body }) => JSON.parse(body).names[0]))
      return { through: rows.at(-1)!.id }
    },
    keepAwake: () => {},
    pause: async () => {},
    onFailure: () => {},
    isActorStopped: (error) => error instanceof Error && error.message === 'stopped',
    ...ports,
  })
  const ids = async () =>
    (await database.all<{ id: number }>('SELECT id FROM private_event ORDER BY id')).map(
      ({ id }) => id,
    )
  return { outbox, database, sent, ids }
}

describe('one fault at any step', () => {
  const things = 6

  /** Does the things one after another, while step `at` fails, or the process stops there; then it is started again. */
  async function run(at: number, how: 'fails' | 'stops') {
    const sequencer = testSequencer()
    const database = nodeSql({ schema: accountSchema })
    let steps = 0
    let isStopped = false
    const step = () => {
      if (isStopped) throw new Error('stopped')
      if (steps++ !== at) return
      isStopped = how === 'stops'
      throw new Error(isStopped ? 'stopped' : 'failed')
    }
    const around =
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        step()
        const result = await work(...args)
        step()
        return result
      }
    const append = around((rows: readonly never[]) =>
      appendPrivate(sequencer, { did, entries: rows }),
    )
    let hasReminder = false
    const ensure = around(async () => {
      hasReminder = true
    })
    const sql = {
      ...database,
      batch: around(database.batch),
      commit: around(database.commit),
      all: around(database.all) as typeof database.all,
    }
    const { outbox } = open({ sql, append: append as never, reminder: { ensure } })
    outbox.resume()
    const acknowledged: string[] = []
    for (let n = 0; n < things; n++) {
      const store = n % 2 === 0 ? outbox.sql.batch : outbox.sql.commit
      await store(doing(n)).then(
        () => acknowledged.push(String(n)),
        () => {},
      )
      // Sometimes the event is delivered before the next thing, sometimes with it.
      if (n % 3 === 0) await outbox.settled()
    }
    await outbox.settled()
    const hasFailed = steps > at
    if (isStopped) {
      isStopped = false
      const again = open({ sql, append: append as never, reminder: { ensure } }).outbox
      again.resume()
      await again.settled()
    }
    const found = await database.all<{ name: string }>(
      "SELECT name FROM credential WHERE kind = 'thing' ORDER BY created_at",
    )
    const logged = await sequencer.sql.all<{ body: string }>(
      'SELECT body FROM private_log ORDER BY seq',
    )
    const events = logged.map(({ body }) => JSON.parse(body).names[0])
    return { acknowledged, done: found.map(({ name }) => name), events, hasReminder, hasFailed }
  }

  it.each(['fails', 'stops'] as const)(
    'if any step %s, each thing that was done has its event, once and in order, and what was acknowledged was done',
    async (how) => {
      let at = 0
      for (let hasFailed = true; hasFailed; at++) {
        const result = await run(at, how)
        const { acknowledged, done, events, hasReminder } = result
        expect(events, `step ${at}`).toEqual(done)
        expect(done, `step ${at}`).toEqual(expect.arrayContaining(acknowledged))
        if (done.length > 0) expect(hasReminder).toBe(true)
        hasFailed = result.hasFailed
        if (!hasFailed) expect(acknowledged).toHaveLength(things)
      }
      expect(at).toBeGreaterThan(4 * things)
    },
  )
})

test('a private event is delivered when it is durable, not before', async () => {
  for (const how of ['batch', 'commit'] as const) {
    const gate = Promise.withResolvers<void>()
    const { outbox, sent } = open({}, { sync: () => gate.promise })
    const stored = outbox.sql[how](doing(1))
    await new Promise(setImmediate)
    // It is read, as it may be because of another event.
    outbox.resume()
    await new Promise(setImmediate)
    expect(sent).toEqual([])
    gate.resolve()
    await stored
    await outbox.settled()
    expect(sent.flat()).toEqual(['1'])
  }
})

test('nothing is stored if the directory does not take the reminder', async () => {
  const ensure = () => Promise.reject(new Error('the directory is away'))
  const { outbox, database, ids } = open({ reminder: { ensure } })
  await expect(outbox.sql.batch(doing(1))).rejects.toThrow('the directory is away')
  await expect(outbox.sql.commit(doing(1))).rejects.toThrow('the directory is away')
  expect(await ids()).toEqual([])
  expect(await database.all('SELECT 1 FROM credential')).toEqual([])
  await outbox.sql.batch([{ sql: 'DELETE FROM credential' }])
})

test('an account needs its reminder while a transaction with a private event is open', async () => {
  for (const how of ['batch', 'commit'] as const) {
    const gate = Promise.withResolvers<void>()
    const { outbox } = open({}, { onBatch: () => gate.promise })
    const stored = outbox.sql[how](doing(1))
    await new Promise(setImmediate)
    expect(outbox.close()).toBe(false)
    gate.resolve()
    await stored
  }
})

test('ids of private events rise if the clock goes back, also after delivered events were deleted', async () => {
  const { outbox, ids, sent } = open()
  const all: number[] = []
  for (let n = 0; n < 40; n++) {
    await outbox.sql.batch(doing(n, 10_000 - n))
    all.push((await ids()).at(-1)!)
    await outbox.settled()
  }
  expect(all).toEqual([...new Set(all)].sort((a, b) => a - b))
  expect(all[0]).toBe(10_000_000)
  expect((await ids()).length).toBeLessThan(20)
  expect(sent.flat()).toHaveLength(40)
})

test('a batch that is read keeps its rows if it holds a private event', async () => {
  const { outbox, sent } = open()
  const rows = await outbox.sql.batchAndRead([...doing(1), { sql: 'SELECT 7 AS n' }])
  expect(rows).toEqual([{ n: 7 }])
  await outbox.settled()
  expect(sent).toEqual([['1']])
})

test('only private events are taken for some', () => {
  expect(doing(1).map(isPrivateEvent)).toEqual([false, true])
})

test('private events of an earlier activation are delivered when the account wakes', async () => {
  const first = await openTestAccount()
  first.privateOutbox.close()
  await first.sql.batch(doing(1))
  expect(first.deliveredPrivately).toEqual([])
  const second = await openTestAccount({ sql: first.sql })
  await second.privateOutbox.settled()
  expect(second.deliveredPrivately).toMatchObject([{ kind: '#preferences' }])
})

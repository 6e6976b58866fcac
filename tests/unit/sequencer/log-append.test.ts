import { describe, expect, it } from 'vitest'
import type { SqlValue } from '#src/ports/sql.ts'
import { append, read } from '#src/sequencer/log.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import {
  accountEntry,
  commitEntry,
  readFrame,
  startTime,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'

function logged(sequencer: Parameters<typeof read>[0]) {
  return read(sequencer, { after: 0, limit: 1_000 }).then(({ events }) =>
    events.map(({ frame }) => readFrame(frame)),
  )
}

describe('seq', () => {
  it("seq starts at the clock's time, and is in the frame", async () => {
    const sequencer = testSequencer()
    await append(sequencer, { did: alice, entries: [accountEntry(1, alice)] })
    const { events, head } = await read(sequencer, { after: 0, limit: 10 })
    expect(events.map(({ seq }) => seq)).toEqual([startTime * 1_000 + 1])
    expect(head).toBe(events[0]!.seq)
    expect(readFrame(events[0]!.frame)).toEqual({ kind: '#account', seq: head, did: alice, id: 1 })
  })

  it('seq rises although the clock goes back', async () => {
    let sequencer = testSequencer()
    const seqs: number[] = []
    for (const [id, time] of [startTime, startTime - 5_000, startTime - 9_000].entries()) {
      sequencer.setTime(time)
      await append(sequencer, { did: alice, entries: [accountEntry(id + 1, alice)] })
      sequencer = sequencer.reopen()
      seqs.push((await logged(sequencer)).at(-1)!.seq)
    }
    expect(seqs).toEqual([1, 2, 3].map((n) => startTime * 1_000 + n))
  })

  it('seq starts beyond what a lost database had assigned', async () => {
    const lost = testSequencer()
    await append(lost, { did: alice, entries: [accountEntry(1, alice), accountEntry(2, alice)] })
    const restored = testSequencer()
    restored.setTime(startTime + 1_000)
    await append(restored, { did: alice, entries: [accountEntry(3, alice)] })
    expect((await logged(restored))[0]!.seq).toBeGreaterThan((await logged(lost)).at(-1)!.seq)
  })
})

describe('repeated deliveries', () => {
  it('repeated deliveries are dropped, and acknowledged', async () => {
    const sequencer = testSequencer()
    const entries = [accountEntry(1, alice), accountEntry(2, alice)]
    expect(await append(sequencer, { did: alice, entries })).toEqual({ through: 2 })
    expect(await append(sequencer, { did: alice, entries })).toEqual({ through: 2 })
    expect(await append(sequencer.reopen(), { did: alice, entries })).toEqual({ through: 2 })
    const more = [...entries, accountEntry(3, alice)]
    expect(await append(sequencer.reopen(), { did: alice, entries: more })).toEqual({ through: 3 })
    expect((await logged(sequencer.reopen())).map(({ id }) => id)).toEqual([1, 2, 3])
  })

  it('a delivery of nothing is acknowledged up to what is in the log', async () => {
    const sequencer = testSequencer()
    await append(sequencer, { did: alice, entries: [accountEntry(3, alice)] })
    expect(await append(sequencer, { did: alice, entries: [] })).toEqual({ through: 3 })
    expect(await append(sequencer, { did: bob, entries: [] })).toEqual({ through: 0 })
  })

  it('concurrent repeated deliveries are appended once', async () => {
    const sequencer = testSequencer()
    const delivery = { did: alice, entries: [accountEntry(1, alice), accountEntry(2, alice)] }
    const answers = await Promise.all([1, 2, 3].map(() => append(sequencer, delivery)))
    expect(answers).toEqual([{ through: 2 }, { through: 2 }, { through: 2 }])
    expect((await logged(sequencer)).map(({ id }) => id)).toEqual([1, 2])
  })

  it('repeated deliveries cost no transaction', async () => {
    const sequencer = testSequencer()
    await append(sequencer, { did: alice, entries: [accountEntry(1, alice)] })
    const { batches } = sequencer.sql
    await append(sequencer, { did: alice, entries: [accountEntry(1, alice)] })
    expect(sequencer.sql.batches).toBe(batches)
  })

  it.each([
    [2, 1],
    [2, 2],
  ])('a delivery whose ids do not rise is rejected: %i, %i', async (...ids) => {
    const sequencer = testSequencer()
    const entries = ids.map((id) => accountEntry(id, alice))
    await expect(append(sequencer, { did: alice, entries })).rejects.toThrow('must increase')
  })
})

it('the positions of 10,000 accounts stay in memory, and that without an event for longest goes first', async () => {
  const sequencer = testSequencer()
  const deliver = (account: number, id = 1) => {
    const did = `did:plc:${account}`
    return append(sequencer, { did, entries: [accountEntry(id, did)] })
  }
  await Promise.all(Array.from({ length: 10_000 }, (_, account) => deliver(account)))
  await deliver(0, 2)
  await deliver(10_000)
  let reads = 0
  const { first } = sequencer.sql
  Object.assign(sequencer.sql, {
    first: (sql: string, ...params: SqlValue[]) => {
      reads += Number(sql.includes('FROM repo'))
      return first(sql, ...params)
    },
  })
  await deliver(0)
  await deliver(2)
  expect(reads).toBe(0)
  await deliver(1)
  expect(reads).toBe(1)
})

describe('group commit', () => {
  it('group commit takes all deliveries that came during one transaction into the next', async () => {
    const sequencer = testSequencer()
    const dids = Array.from({ length: 50 }, (_, i) => `did:plc:${i}`)
    await Promise.all(
      dids.map((did) => append(sequencer, { did, entries: [accountEntry(1, did)] })),
    )
    // All came in one turn, before the first transaction began or while it ran.
    expect(sequencer.sql.batches).toBeLessThanOrEqual(2)
    expect((await logged(sequencer)).map(({ did }) => did)).toEqual(dids)
  })

  /** The number of events in each transaction, if these deliveries come in one turn. */
  async function groupsOf(...deliveries: OutboxEntry[][]): Promise<number[]> {
    const groups: number[] = []
    const sequencer = testSequencer({
      onBatch: (when, statements) => {
        const frames = statements.flatMap(({ params = [] }) =>
          params.filter((param) => param instanceof Uint8Array),
        )
        if (when === 'before') groups.push(frames.length)
      },
    })
    await Promise.all(
      deliveries.map((entries, i) => append(sequencer, { did: `did:plc:${i}`, entries })),
    )
    return groups
  }

  it('group commit takes deliveries of up to 256 events together', async () => {
    const entriesOf = (count: number) =>
      Array.from({ length: count }, (_, i) => accountEntry(i + 1, alice))
    expect(await groupsOf(entriesOf(100), entriesOf(156))).toEqual([256])
    expect(await groupsOf(entriesOf(100), entriesOf(157))).toEqual([100, 157])
    expect(await groupsOf(entriesOf(300), entriesOf(1))).toEqual([300, 1])
  })

  it('group commit takes deliveries of up to 1 MiB together', async () => {
    const overhead = commitEntry(1, alice, 'r', 500_000).event.length - 500_000
    const entryOf = (bytes: number) => [commitEntry(1, alice, 'r', bytes - overhead)]
    const half = 512 * 1024
    expect(await groupsOf(entryOf(half), entryOf(half))).toEqual([2])
    expect(await groupsOf(entryOf(half), entryOf(half + 1))).toEqual([1, 1])
    expect(await groupsOf(entryOf(2 * half + 1), entryOf(half), entryOf(half))).toEqual([1, 2])
  })

  it('group commit appends together what has come by its turn', async () => {
    let turn = Promise.withResolvers<void>()
    const sequencer = testSequencer({ inTurn: (transaction) => turn.promise.then(transaction) })
    const { batches } = sequencer.sql
    const first = append(sequencer, { did: alice, entries: [accountEntry(1, alice)] })
    const second = append(sequencer, { did: bob, entries: [accountEntry(1, bob)] })
    await new Promise(setImmediate)
    expect(sequencer.sql.batches).toBe(batches)
    turn.resolve()
    turn = Promise.withResolvers<void>()
    await Promise.all([first, second])
    expect(sequencer.sql.batches).toBe(batches + 1)
  })

  it('a delivery of any length is appended', async () => {
    const sequencer = testSequencer()
    const entries = Array.from({ length: 9_000 }, (_, i) => accountEntry(i + 1, alice))
    expect(await append(sequencer, { did: alice, entries })).toEqual({ through: 9_000 })
    const count = await sequencer.sql.first('SELECT count(*) AS count FROM log')
    expect(count).toEqual({ count: 9_000 })
  })
})

describe('a transaction that fails', () => {
  const failing = (when: 'before' | 'after') => {
    let fail = false
    const sequencer = testSequencer({
      onBatch: (now) => {
        if (fail && now === when) throw new Error('engine gone')
      },
    })
    return { sequencer, setFail: (value: boolean) => (fail = value) }
  }

  it.each(['before', 'after'] as const)(
    'a transaction that fails %s it took effect is appended once when it is delivered again',
    async (when) => {
      const { sequencer, setFail } = failing(when)
      const entries = [accountEntry(1, alice), accountEntry(2, alice)]
      await append(sequencer, { did: alice, entries: entries.slice(0, 1) })
      setFail(true)
      const calls = [
        append(sequencer, { did: alice, entries }),
        append(sequencer, { did: bob, entries: [accountEntry(1, bob)] }),
      ]
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      setFail(false)
      expect(await append(sequencer, { did: alice, entries })).toEqual({ through: 2 })
      expect(await append(sequencer, { did: bob, entries: [accountEntry(1, bob)] })).toEqual({
        through: 1,
      })
      const ids = (await logged(sequencer)).map(({ did, id }) => `${did} ${id}`)
      expect(ids.toSorted()).toEqual([`${alice} 1`, `${alice} 2`, `${bob} 1`])
    },
  )

  it('a seq is never assigned twice', async () => {
    const { sequencer, setFail } = failing('before')
    await append(sequencer, { did: alice, entries: [accountEntry(1, alice)] })
    setFail(true)
    const entries = [accountEntry(2, alice), accountEntry(3, alice)]
    await expect(append(sequencer, { did: alice, entries })).rejects.toThrow('engine gone')
    setFail(false)
    await append(sequencer, { did: alice, entries })
    const [first, second] = await logged(sequencer)
    expect(second!.seq - first!.seq).toBe(3)
  })
})

import { describe, expect, it } from 'vitest'
import { headsOf } from '#src/sequencer/heads.ts'
import { append, bounds, follow, type LogPage, read } from '#src/sequencer/log.ts'
import {
  accountEntry,
  commitEntry,
  DAY_MS,
  readFrame,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
const start = startTime * 1_000

const log = (sequencer: TestSequencer, id: number, did = alice, status?: string) =>
  append(sequencer, { did, entries: [accountEntry(id, did, status)] })

async function ids(sequencer: TestSequencer, after = 0): Promise<string[]> {
  const { events } = await read(sequencer, { after, limit: 10_000 })
  return events.map(({ frame }) => readFrame(frame)).map(({ did, id }) => `${did.slice(8)} ${id}`)
}

describe('read', () => {
  it('read returns the same from memory and from the table', async () => {
    const sequencer = testSequencer()
    for (const id of [1, 2, 3, 4]) await log(sequencer, id)
    const request = { after: start + 1, limit: 2 }
    const fromMemory = await read(sequencer, request)
    expect(fromMemory.events.map(({ seq }) => seq)).toEqual([start + 2, start + 3])
    const fromTable = await read(sequencer.reopen(), request)
    const plain = ({ events, ...edges }: LogPage) => ({
      ...edges,
      events: events.map(({ seq, frame }) => [seq, ...frame]),
    })
    expect(plain(fromTable)).toEqual(plain(fromMemory))
  })

  it('read returns at most 512 KiB, from memory and from the table', async () => {
    const sequencer = testSequencer()
    for (const id of [1, 2, 3, 4]) {
      await append(sequencer, { did: alice, entries: [commitEntry(id, alice, 'r', 200_000)] })
    }
    const request = { after: start, limit: 100 }
    expect((await read(sequencer, request)).events).toHaveLength(2)
    expect((await read(sequencer.reopen(), request)).events).toHaveLength(2)
  })

  it('read returns durable events only, from memory and from the table', async () => {
    const storing = Promise.withResolvers<void>()
    let isHeld = false
    const sequencer = testSequencer({ sync: async () => (isHeld ? storing.promise : undefined) })
    await sequencer.tail.ready()
    isHeld = true
    const appending = log(sequencer, 1)
    const isStored = async () => (await sequencer.sql.all('SELECT seq FROM log')).length
    await expect.poll(isStored).toBe(1)
    const reads = () => Promise.all([start, 0].map((after) => read(sequencer, { after, limit: 1 })))
    expect((await reads()).map(({ events }) => events.length)).toEqual([0, 0])
    storing.resolve()
    await appending
    expect((await reads()).map(({ events }) => events.length)).toEqual([1, 1])
  })

  it('read returns events that a failed transaction stored when they are durable', async () => {
    const storing = Promise.withResolvers<void>()
    let isFailing = false
    const sequencer = testSequencer({
      sync: async () => (isFailing ? storing.promise : undefined),
      onBatch: (when) => {
        if (isFailing && when === 'after') throw new Error('engine gone')
      },
    })
    await sequencer.tail.ready()
    isFailing = true
    await expect(log(sequencer, 1)).rejects.toThrow('engine gone')
    let isRead = false
    const reading = read(sequencer, { after: start, limit: 1 }).then(({ events }) => {
      isRead = true
      return events
    })
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    expect(isRead).toBe(false)
    storing.resolve()
    expect(await reading).toHaveLength(1)
  })
})

describe('follow', () => {
  it('follow answers at once if there are events', async () => {
    const sequencer = testSequencer()
    await log(sequencer, 1)
    const page = await follow(sequencer, { after: start, waitMs: 20_000 })
    expect(page.events.map(({ seq }) => seq)).toEqual([start + 1])
  })

  it('follow answers every waiting caller when events come', async () => {
    const sequencer = testSequencer()
    const waiting = [1, 2, 3].map(() => follow(sequencer, { after: start, waitMs: 20_000 }))
    await new Promise(setImmediate)
    await log(sequencer, 1)
    for (const page of await Promise.all(waiting)) {
      expect(page.events.map(({ seq }) => seq)).toEqual([start + 1])
    }
  })

  it('follow returns no events after its timeout', async () => {
    const sequencer = testSequencer()
    const waiting = follow(sequencer, { after: start, waitMs: 20_000 })
    await new Promise(setImmediate)
    sequencer.setTime(startTime + 20_000)
    expect(await waiting).toEqual({ events: [], head: start, trimmed: 0, erased: 0 })
  })

  it('follow waits for the last millisecond of its timeout', async () => {
    const sequencer = testSequencer()
    const waiting = follow(sequencer, { after: start, waitMs: 1 })
    await new Promise(setImmediate)
    await log(sequencer, 1)
    expect((await waiting).events.map(({ seq }) => seq)).toEqual([start + 1])
  })

  it('follow waits for a seq from before a restart, and ends with the actor', async () => {
    const earlier = testSequencer()
    await log(earlier, 1)
    const sequencer = earlier.reopen()
    sequencer.setTime(startTime + 60_000)
    const waiting = follow(sequencer, { after: start + 1, waitMs: 20_000 })
    await new Promise(setImmediate)
    sequencer.tail.close()
    expect((await waiting).events).toEqual([])
    expect((await waiting).head).toBe(start + 60_000_000)
  })

  it('follow returns events that a failed transaction stored after all', async () => {
    let fail = false
    const sequencer = testSequencer({
      onBatch: (when) => {
        if (fail && when === 'after') throw new Error('engine gone')
      },
    })
    await log(sequencer, 1)
    const waiting = follow(sequencer, { after: start + 1, waitMs: 20_000 })
    await new Promise(setImmediate)
    fail = true
    await expect(log(sequencer, 2)).rejects.toThrow('engine gone')
    expect((await waiting).events.map(({ seq }) => seq)).toEqual([start + 2])
  })

  it('follow returns at most 500 events', async () => {
    const sequencer = testSequencer()
    const entries = Array.from({ length: 501 }, (_, i) => accountEntry(i + 1, alice))
    await append(sequencer, { did: alice, entries })
    expect((await follow(sequencer, { after: start, waitMs: 0 })).events).toHaveLength(500)
    expect((await follow(sequencer, { after: start + 500, waitMs: 0 })).events).toHaveLength(1)
  })

  it('follow of a gateway with subscribers is held until it answers, or fails', async () => {
    const sequencer = testSequencer()
    let held = 0
    const holdSubscribed = () => {
      held++
      return () => {
        held--
      }
    }
    const spied = { ...sequencer, holdSubscribed }
    const request = { after: start, waitMs: 20_000 }
    const waiting = [{}, { hasSubscribers: false }, { hasSubscribers: true }].map((more) =>
      follow(spied, { ...request, ...more }),
    )
    await new Promise(setImmediate)
    expect(held).toBe(1)
    await log(sequencer, 1)
    await Promise.all(waiting)
    expect(held).toBe(0)
    const sql = { ...sequencer.sql, first: () => Promise.reject(new Error('disk i/o error')) }
    const failing = follow({ ...spied, sql }, { ...request, after: 0, hasSubscribers: true })
    await expect(failing).rejects.toThrow('disk i/o error')
    expect(held).toBe(0)
  })
})

describe('bounds', () => {
  it('bounds cover the whole log if nothing is too old', async () => {
    const sequencer = testSequencer()
    expect(await bounds(sequencer)).toEqual({ first: 1, head: start })
    await log(sequencer, 1)
    expect(await bounds(sequencer)).toEqual({ first: 1, head: start + 1 })
  })

  it('bounds begin after the newest event outside the window', async () => {
    const sequencer = testSequencer()
    await log(sequencer, 1)
    await log(sequencer, 2)
    sequencer.setTime(startTime + DAY_MS + 1)
    await log(sequencer, 3)
    const { first, head } = await bounds(sequencer)
    expect(first).toBe(start + 3)
    expect(await ids(sequencer, first - 1)).toEqual(['alice 3'])
    expect(head).toBe((startTime + DAY_MS + 1) * 1_000 + 1)
  })
})

describe('trimming', () => {
  it('trimming runs with appends, keeps the window, and leaves the bounds correct', async () => {
    const sequencer = testSequencer()
    for (let id = 1; id <= 10; id++) await log(sequencer, id)
    sequencer.setTime(startTime + 2 * DAY_MS)
    const awake = sequencer.reopen()
    await log(awake, 11)
    expect(await ids(awake.reopen())).toEqual(['alice 11'])
    expect((await bounds(awake)).first).toBe(start + 11)
    expect((await bounds(awake.reopen())).first).toBe(start + 11)
    expect((await read(awake.reopen(), { after: 0, limit: 1 })).trimmed).toBe(start + 10)
  })

  it('trimming keeps events that only just left the window, for running replays', async () => {
    const sequencer = testSequencer()
    await log(sequencer, 1)
    sequencer.setTime(startTime + DAY_MS + 1_000)
    const awake = sequencer.reopen()
    await log(awake, 2)
    expect(await ids(awake.reopen())).toEqual(['alice 1', 'alice 2'])
  })

  it.each([
    [0, ['alice 1', 'alice 2']],
    [1, ['alice 2']],
  ])('trimming deletes events an hour after they left the window, plus %i ms', async (ms, left) => {
    const sequencer = testSequencer()
    await log(sequencer, 1)
    sequencer.setTime(startTime + DAY_MS + 3_600_000 + ms)
    const awake = sequencer.reopen()
    await log(awake, 2)
    expect(await ids(awake.reopen())).toEqual(left)
  })

  it('trimming deletes a bounded number at once, and in the end everything that is too old', async () => {
    const sequencer = testSequencer()
    const entries = Array.from({ length: 900 }, (_, i) => accountEntry(i + 1, alice))
    await append(sequencer, { did: alice, entries })
    sequencer.setTime(startTime + 2 * DAY_MS)
    const count = async () => {
      const row = await sequencer.sql.first<{ n: number }>('SELECT count(*) AS n FROM log')
      return row!.n
    }
    const awake = sequencer.reopen()
    await log(awake, 901)
    expect(await count()).toBe(901 - 512)
    for (let id = 902; id < 902 + 255; id++) await log(awake, id)
    expect(await count()).toBe(901 - 512 + 255)
    // Every 256 events.
    await log(awake, 902 + 255)
    expect(await count()).toBe(257)
  })
})

describe('a deleted account', () => {
  it('a deleted account leaves only its last #account event, in the table, in memory and in the heads', async () => {
    const sequencer = testSequencer()
    await append(sequencer, { did: alice, entries: [commitEntry(1, alice, 'rev1')] })
    await log(sequencer, 1, bob)
    await log(sequencer, 2)
    const entries = [accountEntry(3, alice), accountEntry(4, alice, 'deleted')]
    await append(sequencer, { did: alice, entries })
    expect(await ids(sequencer, start)).toEqual(['bob 1', 'alice 4'])
    expect(await ids(sequencer.reopen())).toEqual(['bob 1', 'alice 4'])
    expect(await headsOf(sequencer, { dids: [alice] })).toEqual({})
    const { erased, head } = await read(sequencer.reopen(), { after: 0, limit: 1 })
    expect(erased).toBe(head)
  })

  it('an account that is taken down keeps its events', async () => {
    const sequencer = testSequencer()
    await log(sequencer, 1)
    await log(sequencer, 2, alice, 'takendown')
    expect(await ids(sequencer)).toEqual(['alice 1', 'alice 2'])
  })

  it('an account can be deleted again after it came back', async () => {
    const sequencer = testSequencer()
    for (const [id, status] of [[1], [2, 'deleted'], [3], [4, 'deleted'], [5]] as const) {
      await log(sequencer, id, alice, status)
    }
    expect(await ids(sequencer.reopen())).toEqual(['alice 4', 'alice 5'])
  })
})

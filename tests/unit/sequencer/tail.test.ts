/** The newest events of the log in memory: how many there are, and that none is missing before them. */
import { describe, expect, it } from 'vitest'
import { append, read } from '#src/sequencer/log.ts'
import { sequencerSchema } from '#src/sequencer/schema.ts'
import { Tail } from '#src/sequencer/tail.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import {
  accountEntry,
  commitEntry,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
const start = startTime * 1_000
const MiB = 1024 * 1024
const page = { limit: 1, maxBytes: MiB }

/** Whether all events after `seq` are in memory; expects that a page after it begins with the next one either way. */
async function isInMemory(sequencer: TestSequencer, seq: number): Promise<boolean> {
  const { events } = await read(sequencer, { after: seq, limit: 1 })
  expect(events.map((event) => event.seq)).toEqual([seq + 1])
  return sequencer.tail.since(seq, page) !== undefined
}

/** Appends events whose frames have exactly this many bytes, each by itself. */
async function appendFrames(sequencer: TestSequencer, did: string, sizes: readonly number[]) {
  const probe = testSequencer()
  await append(probe, { did, entries: [commitEntry(1, did, 'r', 100_000)] })
  const { events } = await read(probe, { after: 0, limit: 1 })
  const overhead = events[0]!.frame.length - 100_000
  for (const [i, size] of sizes.entries()) {
    // The id is text in the event.
    const digits = String(i + 1).length - 1
    const entry = commitEntry(i + 1, did, 'r', size - overhead - digits)
    await append(sequencer, { did, entries: [entry] })
  }
}

/** A tail in memory; `add` appends an event with the next seq. */
async function openMemory() {
  const sql = nodeSql({ schema: sequencerSchema })
  const tail = new Tail({ sql, clock: { now: () => startTime }, timer: () => () => {} })
  await tail.ready()
  const add = (did: string, size: number) =>
    tail.append([{ seq: tail.head + 1, seqCount: 1, did, frame: new Uint8Array(size) }])
  return { tail, add }
}

describe('events in memory', () => {
  it('the newest 4,096 events are in memory, and older ones are read from the table', async () => {
    const sequencer = testSequencer()
    const entries = Array.from({ length: 4_097 }, (_, i) => accountEntry(i + 1, alice))
    await append(sequencer, { did: alice, entries: entries.slice(0, 4_096) })
    expect(await isInMemory(sequencer, start)).toBe(true)
    await append(sequencer, { did: alice, entries: entries.slice(4_096) })
    expect(await isInMemory(sequencer, start)).toBe(false)
    expect(await isInMemory(sequencer, start + 1)).toBe(true)
    await append(sequencer, { did: alice, entries: [accountEntry(4_098, alice)] })
    expect(await isInMemory(sequencer, start + 1)).toBe(false)
    expect(await isInMemory(sequencer, start + 2)).toBe(true)
  })

  it('the newest 16 MiB of events are in memory', async () => {
    const { tail, add } = await openMemory()
    for (let i = 0; i < 16; i++) add(alice, MiB)
    expect(tail.since(start, page)).toBeDefined()
    add(bob, 1)
    expect(tail.since(start, page)).toBeUndefined()
    expect(tail.since(start + 1, page)).toBeDefined()
    add(bob, MiB)
    expect(tail.since(start + 1, page)).toBeUndefined()
    expect(tail.since(start + 2, page)).toBeDefined()
  })

  it('the events of a deleted account do not count any more, and those of others do', async () => {
    const { tail, add } = await openMemory()
    for (let i = 0; i < 5; i++) add(bob, MiB)
    for (let i = 0; i < 5; i++) add(alice, MiB)
    tail.erase(new Set([alice]), tail.head)
    for (let i = 0; i < 11; i++) add(bob, MiB)
    expect(tail.since(start, page)).toBeDefined()
    add(bob, 1)
    expect(tail.since(start, page)).toBeUndefined()
    expect(tail.since(start + 1, page)).toBeDefined()
  })

  it('a page from memory has up to 512 KiB', async () => {
    const sequencer = testSequencer()
    await appendFrames(sequencer, alice, [256 * 1024, 256 * 1024, 256 * 1024 + 1])
    const lengthAfter = async (after: number) =>
      (await read(sequencer, { after, limit: 10 })).events.length
    expect(await lengthAfter(start)).toBe(2)
    expect(await lengthAfter(start + 1)).toBe(1)
  })
})

describe('waitPast', () => {
  const clock = { now: () => startTime }

  function openTail() {
    const timers: { ms: number; run: () => void }[] = []
    let cancelled = 0
    const timer = (ms: number, run: () => void) => {
      timers.push({ ms, run })
      return () => void cancelled++
    }
    const tail = new Tail({ sql: nodeSql({ schema: sequencerSchema }), clock, timer })
    return { tail, timers, cancelled: () => cancelled }
  }

  it('waitPast does not wait if the log is past the seq, or after close', async () => {
    const { tail, timers } = openTail()
    await tail.ready()
    await tail.waitPast(start - 1, 1_000)
    tail.close()
    await tail.waitPast(start, 1_000)
    expect(timers).toEqual([])
  })

  it('waitPast forgets its caller when it has answered, and cancels its timer once', async () => {
    const { tail, timers, cancelled } = openTail()
    await tail.ready()
    const woken = tail.waitPast(start, 1_000)
    tail.append([{ seq: start + 1, seqCount: 1, did: alice, frame: new Uint8Array(1) }])
    await woken
    const late = tail.waitPast(start + 1, 2_000)
    timers[1]!.run()
    await late
    expect(timers.map(({ ms }) => ms)).toEqual([1_000, 2_000])
    tail.append([{ seq: start + 2, seqCount: 1, did: alice, frame: new Uint8Array(1) }])
    expect(cancelled()).toBe(2)
  })
})

it('the tail is loaded once, and again after a load that failed', async () => {
  const sql = nodeSql({ schema: sequencerSchema })
  let loads = 0
  const first: typeof sql.first = (text, ...params) => {
    if (loads++ === 0) return Promise.reject(new Error('disk i/o error'))
    return sql.first(text, ...params)
  }
  const clock = { now: () => startTime }
  const tail = new Tail({ sql: { ...sql, first }, clock, timer: () => () => {} })
  await expect(tail.ready()).rejects.toThrow('disk i/o error')
  await tail.ready()
  await tail.ready()
  expect(loads).toBe(2)
  expect(tail.head).toBe(start)
})

/** Private events: numbered with the others, and read only by those who ask for them. */
import { describe, expect, it } from 'vitest'
import { readAccounts, readPrivate } from '#src/sequencer/account-events.ts'
import { append, appendPrivate, follow, read } from '#src/sequencer/log.ts'
import {
  accountEntry,
  DAY_MS,
  privateEntry,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const alice = 'did:plc:alice'
const bob = 'did:plc:bob'
const start = startTime * 1_000

const addPublic = (sequencer: TestSequencer, id: number, did = alice, status?: string) =>
  append(sequencer, { did, entries: [accountEntry(id, did, status)] })
const addPrivate = (sequencer: TestSequencer, id: number, did = alice) =>
  appendPrivate(sequencer, { did, entries: [privateEntry(id)] })

/** Alternately a public and a private event of alice, numbers 1 to 6. */
async function filled(): Promise<TestSequencer> {
  const sequencer = testSequencer()
  for (const id of [1, 2, 3]) {
    await addPublic(sequencer, id)
    await addPrivate(sequencer, id)
  }
  return sequencer
}

const both = { waitMs: 0, includePrivate: true }

async function numbersAfter(sequencer: TestSequencer, after: number) {
  const page = await follow(sequencer, { after, ...both })
  const numbers = (events: readonly { seq: number }[]) => events.map(({ seq }) => seq - start)
  return {
    events: numbers(page.events),
    privateEvents: numbers(page.privateEvents!),
    through: page.through! - start,
  }
}

describe('private events', () => {
  it('are numbered together with the others', async () => {
    const sequencer = await filled()
    const all = { events: [1, 3, 5], privateEvents: [2, 4, 6], through: 6 }
    expect(await numbersAfter(sequencer, start)).toEqual(all)
  })

  it('come from the tables as from memory, in more than one page', async () => {
    const sequencer = (await filled()).reopen()
    const found = { events: [] as number[], privateEvents: [] as number[] }
    for (let through = 0; through < 6; ) {
      const page = await numbersAfter(sequencer, start + through)
      found.events.push(...page.events)
      found.privateEvents.push(...page.privateEvents)
      expect(page.through).toBeGreaterThan(through)
      through = page.through
    }
    expect(found).toEqual({ events: [1, 3, 5], privateEvents: [2, 4, 6] })
  })

  it('come in pages of 512 KiB, also of one account', async () => {
    const sequencer = testSequencer()
    const body = JSON.stringify({ names: ['x'.repeat(200_000)] })
    for (const id of [1, 2, 3]) {
      const entries = [{ ...privateEntry(id), body }]
      await appendPrivate(sequencer, { did: alice, entries })
    }
    const stored = sequencer.reopen()
    const first = { events: [], privateEvents: [1, 2], through: 2 }
    expect(await numbersAfter(stored, start)).toEqual(first)
    const second = { events: [], privateEvents: [3] }
    expect(await numbersAfter(stored, start + 2)).toMatchObject(second)
    const page = await readPrivate(stored, { did: alice, after: start, limit: 9 })
    expect([page.events.length, page.isComplete]).toEqual([2, false])
    const rest = await readPrivate(stored, { did: alice, after: start + 2, limit: 9 })
    expect([rest.events.length, rest.isComplete]).toEqual([1, true])
  })

  it('have what the account wrote, and when', async () => {
    const sequencer = testSequencer()
    const entries = [privateEntry(1, '#grant', 'tok-1'), privateEntry(2)]
    await appendPrivate(sequencer, { did: alice, entries })
    const time = new Date(startTime).toISOString()
    const expected = [
      { seq: start + 1, did: alice, kind: '#grant', time, subject: 'tok-1', body: '{"id":1}' },
      { seq: start + 2, did: alice, kind: '#session', time, body: '{"id":2}' },
    ]
    for (const opened of [sequencer, sequencer.reopen()]) {
      const { privateEvents } = await follow(opened, { after: start, ...both })
      expect(privateEvents).toEqual(expected)
    }
  })

  it('do not reach readers of the firehose', async () => {
    const sequencer = await filled()
    for (const opened of [sequencer, sequencer.reopen()]) {
      const pages = [
        await read(opened, { after: start, limit: 9 }),
        await follow(opened, { after: start, waitMs: 0 }),
      ]
      for (const page of pages) {
        expect(page.events.map(({ seq }) => seq - start)).toEqual([1, 3, 5])
        expect(Object.keys(page).toSorted()).toEqual(['erased', 'events', 'head', 'trimmed'])
      }
    }
  })

  it('wake a follower that asks for them', async () => {
    const sequencer = testSequencer()
    const waiting = follow(sequencer, { after: start, waitMs: 20_000, includePrivate: true })
    await new Promise(setImmediate)
    await addPrivate(sequencer, 1)
    expect((await waiting).privateEvents?.map(({ seq }) => seq)).toEqual([start + 1])
  })

  it('are stored once if they are delivered again, also by the next activation', async () => {
    const sequencer = testSequencer()
    const delivery = { did: alice, entries: [privateEntry(1), privateEntry(2)] }
    expect(await appendPrivate(sequencer, delivery)).toEqual({ through: 2 })
    expect(await appendPrivate(sequencer, delivery)).toEqual({ through: 2 })
    expect(await appendPrivate(sequencer.reopen(), delivery)).toEqual({ through: 2 })
    expect(await sequencer.sql.all('SELECT seq FROM private_log')).toHaveLength(2)
  })

  it('are refused if their ids do not increase', async () => {
    const entries = [privateEntry(2), privateEntry(1)]
    const appending = appendPrivate(testSequencer(), { did: alice, entries })
    await expect(appending).rejects.toThrow('outbox ids must increase')
  })

  it('never get a number again after a restart, even if the clock is behind', async () => {
    const sequencer = testSequencer()
    await addPrivate(sequencer, 1)
    sequencer.setTime(startTime - 1_000)
    const reopened = sequencer.reopen()
    await addPublic(reopened, 1)
    const { events } = await read(reopened, { after: 0, limit: 9 })
    expect(events.map(({ seq }) => seq)).toEqual([start + 2])
  })

  it('are deleted with the account, those of others are not', async () => {
    const sequencer = await filled()
    await addPrivate(sequencer, 1, bob)
    await addPublic(sequencer, 4, alice, 'deleted')
    for (const opened of [sequencer, sequencer.reopen()]) {
      const { privateEvents } = await follow(opened, { after: start + 1, ...both })
      expect(privateEvents?.map(({ did }) => did) ?? []).not.toContain(alice)
    }
    const dids = await sequencer.sql.all('SELECT did FROM private_log')
    expect(dids).toEqual([{ did: bob }])
  })

  it('are deleted when they are older than the backfill window', async () => {
    const sequencer = await filled()
    sequencer.setTime(startTime + 3 * DAY_MS)
    const later = sequencer.reopen()
    await addPrivate(later, 4)
    expect(await sequencer.sql.all('SELECT seq FROM private_log')).toHaveLength(1)
    expect(later.tail.trimmed).toBe(start + 6)
  })
})

it('of reads of accounts 32 run at once, and the others wait', async () => {
  const sequencer = (await filled()).reopen()
  await sequencer.tail.ready()
  let [running, most] = [0, 0]
  const sql = {
    ...sequencer.sql,
    async first<R>(text: string, ...params: never[]) {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      return sequencer.sql.first<R>(text, ...params)
    },
  }
  const reads = Array.from({ length: 100 }, () =>
    readPrivate({ ...sequencer, sql }, { did: alice, after: start, limit: 9 }),
  )
  const pages = await Promise.all(reads)
  expect([most, pages.every(({ events }) => events.length === 3)]).toEqual([32, true])
})

describe('readAccounts', () => {
  async function mixed(): Promise<TestSequencer> {
    const sequencer = testSequencer()
    for (const id of [1, 2, 3]) {
      await addPublic(sequencer, id, alice)
      await addPublic(sequencer, id, bob)
      await addPrivate(sequencer, id, alice)
      await addPrivate(sequencer, id, bob)
    }
    return sequencer
  }

  async function all(
    sequencer: TestSequencer,
    input: {
      dids: string[]
      after?: number
      through?: number
      limit?: number
      includePrivate?: boolean
    },
  ): Promise<number[]> {
    const { after = start, through = start + 9_999, limit = 100, ...rest } = input
    const found: number[] = []
    for (let from = after; ; ) {
      const page = await readAccounts(sequencer, { ...rest, after: from, through, limit })
      const events = [...page.events, ...page.privateEvents]
      expect(events.map(({ did }) => input.dids.includes(did))).not.toContain(false)
      found.push(...events.map(({ seq }) => seq - start).toSorted((a, b) => a - b))
      if (page.through >= Math.min(through, sequencer.tail.head)) return found
      expect(page.through).toBeGreaterThan(from)
      from = page.through
    }
  }

  it('returns the events of the accounts only, and private ones only if asked', async () => {
    const sequencer = await mixed()
    expect(await all(sequencer, { dids: [alice] })).toEqual([1, 5, 9])
    expect(await all(sequencer, { dids: [alice, bob] })).toEqual([1, 2, 5, 6, 9, 10])
    expect(await all(sequencer, { dids: [bob], includePrivate: true })).toEqual([
      2, 4, 6, 8, 10, 12,
    ])
    expect(await all(sequencer, { dids: ['did:plc:carol'], includePrivate: true })).toEqual([])
  })

  it('returns those after one seq and up to another', async () => {
    const sequencer = await mixed()
    const range = { dids: [alice], after: start + 1, through: start + 7, includePrivate: true }
    expect(await all(sequencer, range)).toEqual([3, 5, 7])
  })

  it.each([1, 2, 3])('returns every event once in pages of %d', async (limit) => {
    const sequencer = await mixed()
    const input = { dids: [alice, bob], includePrivate: true, limit }
    expect(await all(sequencer, input)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })

  it('returns every event of an account with very many', async () => {
    const sequencer = testSequencer()
    for (let from = 0; from < 2_500; from += 500) {
      const entries = Array.from({ length: 500 }, (_, i) => accountEntry(from + i + 1, alice))
      await append(sequencer, { did: alice, entries })
      await addPublic(sequencer, from + 1, bob)
    }
    expect(await all(sequencer, { dids: [alice] })).toHaveLength(2_500)
    expect(await all(sequencer, { dids: [bob] })).toHaveLength(5)
  })

  it('returns the deletion of an account, and nothing from before it', async () => {
    const sequencer = await mixed()
    await addPublic(sequencer, 4, alice, 'deleted')
    expect(await all(sequencer, { dids: [alice], includePrivate: true })).toEqual([13])
  })

  it('refuses more than 100 accounts', async () => {
    const dids = Array.from({ length: 101 }, (_, i) => `did:plc:${i}`)
    const reading = readAccounts(testSequencer(), { dids, after: 0, through: 1, limit: 1 })
    await expect(reading).rejects.toThrow('at most 100 accounts')
  })
})

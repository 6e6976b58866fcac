import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { StoreWatch } from '#src/engine/store-watch.ts'

let dir: string
let path: string
let errors: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headwater-watch-'))
  path = join(dir, 'stored.json')
  errors = []
})
afterEach(() => rmSync(dir, { recursive: true }))

const DAY = 86_400_000_000
const dids = Array.from({ length: 45 }, (_, i) => `did:plc:${String(i).padStart(2, '0')}`)
const all = dids.map((did, i) => ({ did, status: i === 7 ? 'deleted' : 'active' }))
const alive = all.filter(({ status }) => status !== 'deleted').map(({ did }) => did)

/** A server whose store goes up to `stored.seq`; `announce` may reject. */
function open(
  stored: { seq: number; seqAtWake: number; wokeAt: number },
  announce: (did: string) => Promise<void> = async () => {},
) {
  const announced: string[] = []
  const rounds: (() => void)[] = []
  const account = (did: string) => ({
    lifecycle: {
      announce: async (input: object) => {
        expect(input).toEqual({ newCommit: true })
        await announce(did)
        announced.push(did)
      },
    },
  })
  const list = async ({ cursor = '0', limit }: { cursor?: string; limit: number }) => {
    const accounts = all.slice(Number(cursor), Number(cursor) + limit)
    return accounts.length === 0
      ? { accounts }
      : { accounts, cursor: String(Number(cursor) + accounts.length) }
  }
  const dispatch = {
    account,
    sequencer: { log: { storedHead: async () => stored } },
    directory: { accounts: { list } },
  }
  const watch = new StoreWatch({
    path,
    dispatch: dispatch as never,
    clock: { now: () => 2_000 },
    timer: (ms, run) => {
      if (ms === 5_000) rounds.push(run)
      else setImmediate(run)
      return () => {}
    },
    log: {
      info: () => {},
      warn: () => {},
      error: (...args: unknown[]) => void errors.push(String(args.at(-1))),
    } as never,
  })
  watch.start()
  const started = () => expect.poll(() => rounds.length).toBeGreaterThan(0)
  return { watch, announced, rounds, started, stored }
}

const note = () => JSON.parse(readFileSync(path, 'utf8'))

it('the note follows the log, every few seconds and at a stop', async () => {
  const { watch, rounds, started, stored } = open({ seq: 10, seqAtWake: 0, wokeAt: 1 })
  await started()
  expect(note()).toEqual({ seq: 10, at: 2_000 })
  stored.seq = 20
  rounds[0]!()
  await expect.poll(() => note().seq).toBe(20)
  stored.seq = 30
  await watch.stop()
  expect(note().seq).toBe(30)
  expect([watch.loss, errors]).toEqual([undefined, []])
})

it.each([
  ['the same', { seq: DAY, seqAtWake: DAY, wokeAt: 1_500 }],
  ['more', { seq: 2 * DAY, seqAtWake: DAY + 1, wokeAt: 1_500 }],
  // The sequencer was awake before the note was written.
  ['the same, read by a sequencer that was awake before', { seq: DAY, seqAtWake: 1, wokeAt: 500 }],
])('a store that has %s is complete', async (_what, stored) => {
  writeFileSync(path, JSON.stringify({ seq: DAY, at: 1_000 }))
  const { watch, announced, started } = open(stored)
  await started()
  expect([watch.loss, announced, errors]).toEqual([undefined, [], []])
})

it('a store that has less says so, also if events were logged since, and announces every account once', async () => {
  writeFileSync(path, JSON.stringify({ seq: 3 * DAY, at: 1_000 }))
  const { watch, announced, started } = open({ seq: 9 * DAY, seqAtWake: 2 * DAY, wokeAt: 1_500 })
  await started()
  expect(watch.loss).toMatchObject({ foundSeq: 2 * DAY, notedSeq: 3 * DAY })
  expect(errors[0]).toContain('THE STORE HAS LOST ITS END')
  await expect.poll(() => watch.loss?.isAnnounced).toBe(true)
  expect(announced).toEqual(alive)
  await watch.stop()
  expect(note()).toMatchObject({ seq: 9 * DAY, loss: { announced: alive.length } })
})

it('a later start goes on with the announcements, and the one after it forgets the loss', async () => {
  writeFileSync(path, JSON.stringify({ seq: 3 * DAY, at: 1_000 }))
  const stored = { seq: 9 * DAY, seqAtWake: 2 * DAY, wokeAt: 1_500 }
  let left = 25
  const until = Promise.withResolvers<void>()
  const first = open(stored, async () => {
    if (left-- > 0) return
    until.resolve()
    await new Promise(() => {})
  })
  await until.promise
  await first.watch.stop()
  const second = open({ ...stored, seqAtWake: 9 * DAY, wokeAt: 2_500 })
  await expect.poll(() => second.watch.loss?.isAnnounced).toBe(true)
  // Those of the page that the stop interrupted are announced once more.
  expect(second.announced).toEqual(dids.slice(20))
  await second.watch.stop()
  const third = open({ ...stored, seqAtWake: 9 * DAY, wokeAt: 3_500 })
  await third.started()
  expect([third.watch.loss, third.announced]).toEqual([undefined, []])
})

it('an account that cannot be announced is tried three times and named, and the others are announced', async () => {
  writeFileSync(path, JSON.stringify({ seq: 3 * DAY, at: 1_000 }))
  let attempts = 0
  const { watch, announced } = open({ seq: 1, seqAtWake: 1, wokeAt: 1_500 }, async (did) => {
    if (did !== dids[3]) return
    attempts++
    throw new Error('gone')
  })
  await expect.poll(() => watch.loss?.isAnnounced, { timeout: 20_000 }).toBe(true)
  expect(attempts).toBe(3)
  expect(announced).toEqual(alive.filter((did) => did !== dids[3]))
  expect(errors.at(-1)).toContain('headwater account announce')
})

it('it is known up to which seq events were sent, also when the store has lost them', async () => {
  writeFileSync(path, JSON.stringify({ seq: 3 * DAY, at: 1_000 }))
  const { watch, started } = open({ seq: DAY, seqAtWake: DAY, wokeAt: 1_500 })
  expect(watch.notedSeq).toBe(3 * DAY)
  await started()
  expect([note().seq, watch.notedSeq]).toEqual([DAY, 3 * DAY])
})

it('a note that cannot be read counts as none', async () => {
  writeFileSync(path, '{"seq":')
  const { watch, started } = open({ seq: 5, seqAtWake: 5, wokeAt: 1 })
  await started()
  expect([watch.loss, note().seq]).toEqual([undefined, 5])
})

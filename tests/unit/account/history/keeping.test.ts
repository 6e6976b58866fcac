/** What a history keeps of a repo, for how long, and what it must not have any more. */
import { setImmediate } from 'node:timers/promises'
import { readCarWithRoot } from '@atproto/repo'
import { expect, it } from 'vitest'
import { listCommits } from '#src/account/history/commits.ts'
import { getDiff, getRecordVersions } from '#src/account/history/read.ts'
import { restoreRecords } from '#src/account/history/restore.ts'
import {
  deleteVersions,
  emptyHistory,
  followSettings,
  getSettings,
  putSettings,
} from '#src/account/history/settings.ts'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import type { Statement } from '#src/ports/sql.ts'
import { emptyAccount, newInitialState } from '#tests/support/empty-account.ts'
import { makeGroup } from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { dumpTables, exportedCarAt, foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const by = { did: testDid }
const DAY_MS = 24 * 60 * 60 * 1000
const secret = 'not to be read again'
const record = (n: number | string) => ({ $type: collection, n })
const put = (account: OpenAccount, n: number | string, rkey = 'one') =>
  putRecord(account, { collection, rkey, record: record(n) })
const headRev = async (account: OpenAccount) => (await account.lane.head()).rev
const versions = async (account: OpenAccount, rkey = 'one') => {
  const { json } = await getRecordVersions(account, { by, collection, rkey, limit: 100 })
  return JSON.parse(json).versions as { cid: string; until?: string; value?: { n: unknown } }[]
}
/** So many commits that those before have left the outbox. */
async function writeOn(account: OpenAccount, count = 20): Promise<void> {
  for (let n = 0; n < count; n++) {
    await createRecord(account, { collection, record: record(n) })
    await account.outbox.settled()
  }
}
const past = ({ sql }: OpenAccount) =>
  sql.all<{ path: string; value: unknown }>('SELECT path, value FROM past_record ORDER BY id')

it('a new record takes no statement for the history, and one that is replaced takes one', async () => {
  const statements: Statement[] = []
  const account = await openTestAccount({ onBatch: (_, batch) => void statements.push(...batch) })
  account.blobs.resume()
  await setImmediate()
  const about = () => statements.splice(0).filter(({ sql }) => sql.includes('past_')).length
  await putRecord(account, { collection, rkey: 'first', record: record(0) })
  about()
  await put(account, 1)
  expect(about()).toBe(0)
  await put(account, 2)
  // `onBatch` is called before and after a batch.
  expect(about()).toBe(2)
})

it('the versions of a record are those that it had, with what it is now', async () => {
  const account = await openTestAccount()
  for (const n of [1, 2, 3]) await put(account, n)
  expect((await versions(account)).map(({ value }) => value?.n)).toEqual([3, 2, 1])
  await deleteRecord(account, { collection, rkey: 'one' })
  await put(account, 4)
  const found = await versions(account)
  expect(found.map(({ value }) => value?.n)).toEqual([4, 3, 2, 1])
  expect(found[0]).not.toHaveProperty('until')
})

it('a diff has what changed between two revs, and nothing that was changed back', async () => {
  const account = await openTestAccount()
  await put(account, 1)
  await put(account, 1, 'same')
  await put(account, 1, 'gone')
  const from = await headRev(account)
  await put(account, 2)
  await put(account, 2, 'same')
  await put(account, 1, 'same')
  await deleteRecord(account, { collection, rkey: 'gone' })
  await put(account, 5, 'new')
  const { json } = await getDiff(account, { by, from, limit: 100 })
  const { changes, total } = JSON.parse(json)
  expect(total).toBe(3)
  const seen = changes.map(
    ({ uri, action, before, after }: Record<string, { value?: { n: number } }>) => [
      String(uri).split('/').at(-1),
      action,
      before?.value?.n,
      after?.value?.n,
    ],
  )
  expect(seen).toEqual([
    ['gone', 'delete', 1, undefined],
    ['new', 'create', undefined, 5],
    ['one', 'update', 1, 2],
  ])
  const first = JSON.parse((await getDiff(account, { by, from, limit: 1 })).json)
  expect(first.changes).toHaveLength(1)
  const { cursor } = first
  const rest = JSON.parse((await getDiff(account, { by, from, limit: 100, cursor })).json)
  expect([...first.changes, ...rest.changes]).toEqual(changes)
})

it('commits move from the outbox to the history, each once', async () => {
  const account = await openTestAccount()
  await writeOn(account, 40)
  const { commits } = await listCommits(account, { by, limit: 100 })
  expect(commits).toHaveLength(41)
  expect(new Set(commits.map(({ rev }) => rev)).size).toBe(41)
  const moved = await account.sql.all('SELECT rev FROM past_commit')
  expect(moved.length).toBeGreaterThan(20)
  expect(commits.every(({ ops }, i) => ops.length === (i === 40 ? 0 : 1))).toBe(true)
})

it('what was deleted for good is in no version, no diff, no export and no restore', async () => {
  const account = await openTestAccount()
  await put(account, secret)
  const at = await headRev(account)
  await deleteRecord(account, { collection, rkey: 'one' })
  await writeOn(account)
  await deleteVersions(account, { by, collection, rkey: 'one' })
  expect(await dumpTables(account)).not.toContain(secret)
  expect(await versions(account)).toEqual([expect.not.objectContaining({ value: {} })])
  await expect(exportedCarAt(account, at)).rejects.toMatchObject({ error: 'RevNotAvailable' })
  const restored = await restoreRecords(account, { by, at, paths: [`${collection}/one`] })
  expect(restored.records).toMatchObject([{ result: 'unavailable' }])
  expect(restored).not.toHaveProperty('commit')
})

it('a takedown of a record deletes what it was, and its deletion keeps nothing of it', async () => {
  const account = await openTestAccount()
  await put(account, 'earlier')
  await put(account, 'hidden')
  await setRecordTakedown(account, { collection, rkey: 'one', ref: 'mod' })
  await expect(versions(account)).rejects.toMatchObject({ error: 'RecordNotFound' })
  await deleteRecord(account, { collection, rkey: 'one' })
  expect(await past(account)).toMatchObject([{ value: null }, { value: null }])
})

it('an empty history begins with the repo as it is', async () => {
  const account = await openTestAccount()
  await put(account, 1)
  const before = await headRev(account)
  await put(account, 2)
  await emptyHistory(account, { by })
  expect(await past(account)).toEqual([])
  await expect(exportedCarAt(account, before)).rejects.toMatchObject({ error: 'RevNotAvailable' })
  const since = await headRev(account)
  await put(account, 3)
  expect((await exportedCarAt(account, since)).length).toBeGreaterThan(0)
  expect(await past(account)).toHaveLength(1)
})

it('nothing of a deleted account is left', async () => {
  const account = await openTestAccount()
  await put(account, secret)
  await put(account, 2)
  await writeOn(account)
  await deleteAccount(account)
  expect(await dumpTables(account)).not.toContain(secret)
  expect(await past(account)).toEqual([])
})

it('an import begins a new history', async () => {
  const account = await openTestAccount()
  await put(account, 1)
  const before = await headRev(account)
  await put(account, 2)
  const records = { [`${collection}/two`]: record(3) }
  const { car } = foreignRepo({ did: testDid, signer: testKey, records })
  await importCar(account, car, { keys: [] })
  const since = await headRev(account)
  await put(account, 4, 'two')
  await expect(exportedCarAt(account, before)).rejects.toMatchObject({ error: 'RevNotAvailable' })
  expect((await exportedCarAt(account, since)).length).toBeGreaterThan(0)
})

/** An account whose clock the test sets. */
async function openWithClock(limits = { days: 30, maxBytes: 20_000_000 }) {
  const clock = { time: Date.parse('2026-01-01T00:00:00Z'), now: () => clock.time }
  const account = await openTestAccount({ clock, history: limits })
  await followSettings(account)
  return { account, clock }
}

it.each([
  ['an ordinary account', 7, false],
  ['a group', 30, true],
])('%s has its past for %d days', async (_, days, isGroup) => {
  const { account, clock } = await openWithClock()
  if (isGroup) await makeGroup(account)
  await put(account, 1)
  const first = await headRev(account)
  clock.time += DAY_MS
  await put(account, 2)
  await put(account, 3, 'other')
  const second = await headRev(account)
  clock.time += (days - 1) * DAY_MS - 1
  await writeOn(account)
  expect((await exportedCarAt(account, first)).length).toBeGreaterThan(0)
  clock.time += 2 * 60 * 60 * 1000
  await writeOn(account)
  await expect(exportedCarAt(account, first)).rejects.toMatchObject({ error: 'RevNotAvailable' })
  expect((await exportedCarAt(account, second)).length).toBeGreaterThan(0)
  await put(account, 4)
  expect((await versions(account)).map(({ value }) => value?.n)).toEqual([4, 2, 1])
  clock.time += DAY_MS
  await writeOn(account)
  expect((await versions(account)).map(({ value }) => value?.n)).toEqual([4, 2])
})

it("a tenant's account has its past for as long as a group", async () => {
  const account = emptyAccount(testDid)
  const state = { ...newInitialState(testDid), tenant: 'roomy' }
  await provisionOrResume(account, async () => state)
  expect(await getSettings(account, { by })).toMatchObject({ days: 30, isOwn: false })
  const { rev } = await account.lane.head()
  await createRecord(account, { collection, record: record(1) })
  const car = await exportedCarAt(account, rev)
  expect((await readCarWithRoot(car)).root.toString()).not.toBe((await account.lane.head()).cid)
})

it('a history has a bound of bytes, of which the newest are kept', async () => {
  const maxBytes = 40_000
  const { account } = await openWithClock({ days: 30, maxBytes })
  const revs: string[] = []
  for (let n = 0; n < 200; n++) {
    await put(account, `${n} ${'x'.repeat(300)}`)
    await account.outbox.settled()
    revs.push(await headRev(account))
  }
  const { bytes } = await getSettings(account, { by })
  // What the next trim deletes comes on top.
  expect(bytes).toBeLessThan(maxBytes * 1.3)
  expect(bytes).toBeGreaterThan(maxBytes / 4)
  await expect(exportedCarAt(account, revs[0]!)).rejects.toMatchObject({ error: 'RevNotAvailable' })
  expect((await exportedCarAt(account, revs.at(-5)!)).length).toBeGreaterThan(0)
})

it('what is too old goes at the next wake, too', async () => {
  const { account, clock } = await openWithClock()
  await put(account, 1)
  await put(account, 2)
  clock.time += 9 * DAY_MS
  await followSettings(await openTestAccount({ clock, sql: account.sql }))
  expect(await past(account)).toEqual([])
})

it('without days nothing is kept, and what was kept is deleted', async () => {
  const { account } = await openWithClock()
  await put(account, 1)
  await put(account, 2)
  await putSettings(account, { by, days: 0 })
  expect(await getSettings(account, { by })).toMatchObject({ days: 0, isOwn: true })
  expect(await past(account)).toEqual([])
  await put(account, 3)
  await writeOn(account)
  expect(await past(account)).toEqual([])
  expect(await account.sql.all('SELECT rev FROM past_commit')).toEqual([])
  await expect(versions(account)).rejects.toMatchObject({ error: 'HistoryOff' })
  await putSettings(account, { by, days: null })
  const { since } = await getSettings(account, { by })
  expect(since).toBe(await headRev(account))
  await put(account, 4)
  expect(await past(account)).toHaveLength(1)
})

it('an account follows the settings of the server when it wakes', async () => {
  const { account, clock } = await openWithClock()
  await put(account, 1)
  await put(account, 2)
  const history = { days: 0, maxBytes: 1_000_000 }
  const later = await openTestAccount({ clock, sql: account.sql, history })
  await followSettings(later)
  expect(await past(account)).toEqual([])
  await setImmediate()
  expect(await getSettings(later, { by })).toMatchObject({ days: 0, isOwn: false })
})

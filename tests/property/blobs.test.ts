/** Blobs against what their records say: whatever happens in between, what is named stays, what a past record names is held, and the rest goes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { deleteUnusedUploads } from '#src/account/blobs/delete-unused-uploads.ts'
import { findBlob } from '#src/account/blobs/read.ts'
import { setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { restoreRecords } from '#src/account/history/restore.ts'
import { deleteVersions, emptyHistory } from '#src/account/history/settings.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import {
  applyWrites,
  createRecord,
  deleteRecord,
  putRecord,
  type Write,
} from '#src/account/repo/write.ts'
import { XrpcError } from '#src/errors.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { type MemoryBlobStorage, memoryBlobStorage, once } from '#tests/support/memory-blobs.ts'
import { noHistory, openTestAccount, testDid } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const contents = Array.from({ length: 4 }, (_, i) => Buffer.from(`content ${i}`))
const cids = contents.map((bytes) => cidForRaw(bytes))

const which = fc.integer({ min: 0, max: contents.length - 1 })
const rkey = fc.integer({ min: 0, max: 4 }).map((n) => `k${n}`)
const some = fc.uniqueArray(which, { maxLength: 2 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('upload' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create' as const), rkey, some }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), rkey, some }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), rkey }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      many: fc.array(fc.record({ rkey, some, isDelete: fc.boolean() }), { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('takedown' as const), which, on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restore' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), rkey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hide' as const), rkey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const by = { did: testDid }

let nonce = 0
function naming(some: readonly number[]) {
  const blobs = some.map((i) => ({
    $type: 'blob',
    ref: { $link: cids[i]! },
    mimeType: 'text/plain',
    size: contents[i]!.length,
  }))
  return { $type: collection, blobs, nonce: nonce++ }
}

async function run(account: Account, storage: MemoryBlobStorage, step: Step): Promise<void> {
  switch (step.do) {
    case 'upload': {
      const bytes = contents[step.which]!
      const key = await storage.putTemp(account.did, once(bytes))
      const cid = cids[step.which]!
      await addUpload(account, { cid, mimeType: 'text/plain', size: bytes.length, key })
      return
    }
    case 'create':
      await createRecord(account, { collection, rkey: step.rkey, record: naming(step.some) })
      return
    case 'put':
      await putRecord(account, { collection, rkey: step.rkey, record: naming(step.some) })
      return
    case 'delete':
      await deleteRecord(account, { collection, rkey: step.rkey })
      return
    case 'apply':
      await applyWrites(account, {
        writes: step.many.map(({ rkey, some, isDelete }): Write => {
          if (isDelete) return { $type: 'com.atproto.repo.applyWrites#delete', collection, rkey }
          const $type = 'com.atproto.repo.applyWrites#update'
          return { $type, collection, rkey, value: naming(some) }
        }),
      })
      return
    case 'takedown':
      return setBlobTakedown(account, { cid: cids[step.which]!, ref: step.on ? 'reason' : null })
    case 'collect':
      return deleteUnusedUploads(account, { before: 0, keys: [] })
    case 'settle':
      account.blobs.reconcile()
      return account.blobs.whenReconciled()
    case 'restore':
      return restoreAny(account, step.at)
    case 'forget':
      return deleteVersions(account, { by, collection, rkey: step.rkey })
    case 'hide':
      return setRecordTakedown(account, { collection, rkey: step.rkey, ref: 'reason' })
    case 'empty':
      return emptyHistory(account, { by })
  }
}

/** All records as they were at some rev; what they name is served then, unless it was taken down. */
async function restoreAny(account: Account, chosen: number): Promise<void> {
  const revs = await account.sql.all<{ rev: string }>(
    'SELECT rev FROM record UNION SELECT rev FROM past_record ORDER BY rev',
  )
  const at = revs[chosen % Math.max(1, revs.length)]?.rev
  if (at === undefined) return
  const paths = Array.from({ length: 5 }, (_, n) => `${collection}/k${n}`)
  await restoreRecords(account, { by, at, paths })
}

/** Runs stretches of steps, each in a life of its own that ends as a crash ends it; then one without faults. */
async function live(
  lives: readonly (readonly Step[])[],
  { atOnce, hasHistory }: { atOnce: boolean; hasHistory: boolean },
  faults: (string | number)[],
): Promise<{ account: Account; storage: MemoryBlobStorage }> {
  const storage = memoryBlobStorage()
  let armed = true
  let over = false
  storage.onStep = async () => {
    await Promise.resolve()
    if (over || (armed && faults.shift() === 'storage')) throw new Error('the storage is away')
  }
  let account: Account | undefined
  const first = await openTestAccount({
    blobs: { storage },
    ...(!hasHistory && { history: noHistory }),
    // A transaction takes its time, in which others are prepared.
    onBatch: async (when) => {
      if (when === 'before') await new Promise(setImmediate)
      if (over) throw new Error('this life is over')
      if (armed && account !== undefined && faults.shift() === when) throw new Error('lost')
    },
  })
  account = first
  for (const steps of lives) {
    const outcome = (step: Step) => run(account!, storage, step).catch(expectFault)
    if (atOnce) await Promise.all(steps.map((step, i) => turns(i % 4).then(() => outcome(step))))
    else for (const step of steps) await outcome(step)
    // What this life was still doing is cut off.
    over = true
    await account.blobs.whenReconciled()
    over = false
    account = await openTestAccount({ sql: first.sql, blobs: { storage } })
    account.blobs.resume()
  }
  armed = false
  account.blobs.reconcile()
  await account.blobs.whenReconciled()
  await account.blobs.close()
  account = await openTestAccount({ sql: first.sql, blobs: { storage } })
  return { account, storage }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

function expectFault(error: unknown): void {
  if (error instanceof XrpcError) return
  expect(String(error)).toMatch(/lost|away|over|do not match the signed tree/)
}

interface Row {
  cid: string
  state: string | null
  tempKey: string | null
  takedownRef: string | null
  used: number
  held: number
}

async function expectConsistent(account: Account, storage: MemoryBlobStorage): Promise<void> {
  const rows = await account.sql.all<Row>(
    `SELECT cid, state, temp_key AS tempKey, takedown_ref AS takedownRef,
       EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = cid) AS used,
       EXISTS (SELECT 1 FROM past_record JOIN past_blob USING (path, until)
               WHERE blob_cid = blob.cid AND value IS NOT NULL) AS held FROM blob`,
  )
  const named = await account.sql.all<{ cid: string }>(
    'SELECT DISTINCT blob_cid AS cid FROM record_blob',
  )
  const known = new Map(rows.map((row) => [row.cid, row]))
  // What an acknowledged record names is there, with the right bytes, or was taken down.
  for (const { cid } of named) {
    const row = known.get(cid)
    expect(row, 'a named blob is known').toBeDefined()
    const folder = row!.takedownRef === null ? 'place' : 'aside'
    const bytes = storage.files.get(`${folder}/${testDid}/${cid}`)
    expect(bytes && cidForRaw(bytes)).toBe(cid)
    if (row!.takedownRef === null) await findBlob(account, { cid }, 'anyone')
  }
  // What none names is held for the history, an upload that waits, or was taken down.
  for (const { cid, state, tempKey, takedownRef, used, held } of rows) {
    if (used) expect(state).toBe(null)
    else if (state === null) expect(takedownRef).not.toBe(null)
    else if (state === 'temp') expect(storage.files.has(`temp/${testDid}/${tempKey}`)).toBe(true)
    else expect([state, held, takedownRef]).toEqual(['held', 1, null])
    if (used || takedownRef !== null) continue
    await expect(findBlob(account, { cid }, 'anyone')).rejects.toMatchObject({ status: 400 })
  }
  // A past record that can be restored has its blobs.
  const held = await account.sql.all<{ cid: string }>(
    `SELECT DISTINCT blob_cid AS cid FROM past_record JOIN past_blob USING (path, until)
     WHERE value IS NOT NULL`,
  )
  for (const { cid } of held) expect(known.has(cid)).toBe(true)
  const inPlace = [...storage.files.keys()].filter((path) => path.startsWith('place/'))
  const kept = rows.filter(({ used, held, takedownRef }) => (used || held) && takedownRef === null)
  expect(inPlace.length).toBe(kept.length)
}

/** What the sweep finds goes, and nothing else does. */
async function expectSwept(account: Account, storage: MemoryBlobStorage): Promise<void> {
  const keys: string[] = []
  for await (const { key } of storage.listTemps(0)) keys.push(key)
  await deleteUnusedUploads(account, { before: Number.MAX_SAFE_INTEGER, keys })
  await account.blobs.close()
  const left = [...storage.files.keys()].filter((path) => path.startsWith('temp/'))
  expect(left).toEqual([])
  expect(await account.sql.all(`SELECT cid FROM blob WHERE state = 'temp'`)).toEqual([])
  await expectConsistent(account, storage)
}

const way = fc.record({ atOnce: fc.boolean(), hasHistory: fc.boolean() })
const lives = fc.array(fc.array(step, { maxLength: 15 }), { minLength: 1, maxLength: 4 })

test('any uploads and writes, one by one or at once, keep what records name and nothing more', async () => {
  await fc.assert(
    fc.asyncProperty(lives, way, async (all, how) => {
      const { account, storage } = await live(all, how, [])
      await expectConsistent(account, storage)
      await expectSwept(account, storage)
    }),
    { numRuns: 150 },
  )
})

test('a storage or a database that fails in between, and lives that end anywhere, change nothing of that', async () => {
  const fault = fc.constantFrom('storage', 'before', 'after', 'no', 'no', 'no')
  await fc.assert(
    fc.asyncProperty(lives, way, fc.array(fault, { maxLength: 60 }), async (all, how, faults) => {
      const { account, storage } = await live(all, how, [...faults])
      await expectConsistent(account, storage)
      await expectSwept(account, storage)
    }),
    { numRuns: 200 },
  )
})

/** The calls of an import: pages, files that are closed when nothing uses them, and answers that are lost. */
import { parseCid } from '@atproto/lex-data'
import { expect, it } from 'vitest'
import {
  abortImport,
  abortOpenImport,
  addImportPage,
  beginImport,
  cleanUpImports,
  finishImport,
} from '#src/account/repo/import.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { Slots } from '#src/ports/slots.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const { key: signer } = newSigningKey()
const keys = [signer.did()]
const { car } = foreignRepo({
  ...{ did: testDid, signer },
  records: { [`${collection}/one`]: { $type: collection } },
})
const image = cidForRaw(Uint8Array.of(1))
const interrupted = { status: 503, message: expect.stringMatching(/interrupted/) }
const missing = { status: 400, message: expect.stringMatching(/page of the import is missing/) }
const later = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Import limits whose files are in memory. `log` has what is done with them, by their numbers. */
function memoryLimits({ append = async () => {}, slots = 2 } = {}) {
  const log: string[] = []
  let files = 0
  const open = async () => {
    const n = files++
    let bytes = Buffer.alloc(0)
    let isOpen = true
    return {
      get size() {
        return bytes.length
      },
      append: async (more: Uint8Array) => {
        await append()
        bytes = Buffer.concat([bytes, more])
        log.push(`append ${n}`)
      },
      read: async (ranges: readonly { at: number; length: number }[]) => {
        log.push(`read ${n}`)
        return ranges.map(({ at, length }) => bytes.subarray(at, at + length))
      },
      close: async () => {
        if (isOpen) log.push(`close ${n}`)
        isOpen = false
      },
    }
  }
  return { log, importLimits: { spool: { open }, slots: new Slots(slots), maxRecords: 100 } }
}

it('importRepo takes its pages in their order, each once, and none after the last', async () => {
  const { importLimits, log } = memoryLimits()
  const account = await openTestAccount({ importLimits })
  const { id } = await beginImport(account)
  const add = (n: number, bytes: Uint8Array) => addImportPage(account, { id, n, bytes })
  await expect(add(1, car)).rejects.toMatchObject(missing)
  await add(0, car.subarray(0, 50))
  await add(0, car.subarray(0, 50))
  await expect(add(2, car)).rejects.toMatchObject(missing)
  await add(1, car.subarray(50, 60))
  expect(log).toEqual(['append 0', 'append 0'])
  const truncated = { status: 400, message: expect.stringMatching(/truncated/) }
  await expect(finishImport(account, { id, keys })).rejects.toMatchObject(truncated)
  await expect(add(2, car.subarray(60))).rejects.toMatchObject(missing)
})

it('an import whose page cannot be stored ends, and its file is closed', async () => {
  const append = async () => {
    throw new Error('disk I/O error')
  }
  const { importLimits, log } = memoryLimits({ append })
  const account = await openTestAccount({ importLimits })
  const { id } = await beginImport(account)
  const page = { id, n: 0, bytes: car }
  await expect(addImportPage(account, page)).rejects.toThrow('disk I/O error')
  expect(log).toEqual(['close 0'])
  await expect(addImportPage(account, page)).rejects.toMatchObject(interrupted)
})

it.each([
  ['another one begins', (account: Parameters<typeof beginImport>[0]) => beginImport(account)],
  ['it is aborted', abortOpenImport],
])('the file of an import is closed if %s, but not before its page is stored', async (_, end) => {
  const gate = Promise.withResolvers<void>()
  const { importLimits, log } = memoryLimits({ append: () => gate.promise })
  const account = await openTestAccount({ importLimits })
  const { id } = await beginImport(account)
  const added = addImportPage(account, { id, n: 0, bytes: car })
  await later()
  const queued = addImportPage(account, { id, n: 1, bytes: car })
  const ended = end(account)
  await later()
  expect(log).toEqual([])
  gate.resolve()
  await added
  await expect(queued).rejects.toMatchObject(interrupted)
  await ended
  expect(log).toEqual(['append 0', 'close 0'])
})

it('an aborted import stores no further records, and only then its file is closed and its tables are dropped', async () => {
  const gate = Promise.withResolvers<void>()
  const staged = Promise.withResolvers<void>()
  const { importLimits, log } = memoryLimits()
  const account = await openTestAccount({
    importLimits,
    onBatch: async (when, [first]) => {
      if (when === 'before') log.push(first!.sql.includes('import_record (') ? 'stage' : 'other')
      if (log.at(-1) !== 'stage') return
      staged.resolve()
      await gate.promise
    },
  })
  log.length = 0
  const { id } = await beginImport(account)
  const text = 'x'.repeat(600_000)
  const large = Object.fromEntries(
    [1, 2].map((n) => [`${collection}/${n}`, { $type: collection, n, text }]),
  )
  const { car } = foreignRepo({ did: testDid, signer, records: large })
  await addImportPage(account, { id, n: 0, bytes: car })
  const finished = finishImport(account, { id, keys })
  await staged.promise
  log.length = 0
  const refused = expect(finished).rejects.toMatchObject(interrupted)
  const aborted = abortImport(account, { id })
  await refused
  expect(log).toEqual([])
  gate.resolve()
  await aborted
  expect(log.filter((what) => what !== 'read 0')).toEqual(['close 0', 'other'])
})

it('abortImport of an import that has ended leaves the next one alone', async () => {
  const { importLimits } = memoryLimits()
  const account = await openTestAccount({ importLimits })
  const { id } = await beginImport(account)
  const next = await beginImport(account)
  await abortImport(account, { id })
  await addImportPage(account, { id: next.id, n: 0, bytes: car })
  expect(await finishImport(account, { id: next.id, keys })).toEqual({ done: true })
  await abortImport(account, { id: next.id })
})

it('a finished import has closed its file and left no tables', async () => {
  const { importLimits, log } = memoryLimits()
  const account = await openTestAccount({ importLimits })
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: car })
  await finishImport(account, { id, keys })
  expect(log.at(-1)).toBe('close 0')
  const tables = "SELECT name FROM sqlite_master WHERE name LIKE 'import%'"
  expect(await account.sql.all(tables)).toEqual([])
  await expect(finishImport(account, { id, keys })).rejects.toMatchObject(interrupted)
})

it('an import whose last transaction was kept, but not its answer, is done', async () => {
  let fails = false
  const account = await openTestAccount({
    onBatch: (when, statements) => {
      if (fails && when === 'after' && statements.some(({ sql }) => sql.includes('RENAME'))) {
        fails = false
        throw new Error('the answer is lost')
      }
    },
  })
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: car })
  fails = true
  await expect(finishImport(account, { id, keys })).rejects.toThrow('the answer is lost')
  const head = await account.lane.head()
  expect(await finishImport(account, { id, keys })).toEqual({ done: true })
  expect(await account.lane.head()).toMatchObject({ cid: head.cid })
})

it('an import that is repeated in another process has its answer', async () => {
  const account = await openTestAccount()
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: car })
  const key = { id: 'key', issuedAt: account.clock.now() - 1_000 }
  await finishImport(account, { id, keys }, key)
  const woken = await openTestAccount({ sql: account.sql })
  const run = woken.idempotencyKeys.run(key, () => finishImport(woken, { id, keys }, key))
  expect(await run).toEqual({ done: true })
})

it('importRepo is refused to an account whose takedown is not durable yet', async () => {
  const account = await openTestAccount()
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: car })
  account.directoryMirror.pendingStatus = 'takendown'
  const refused = { status: 401, error: 'AccountTakedown' }
  await expect(finishImport(account, { id, keys })).rejects.toMatchObject(refused)
})

it('the clean-up at wake drops no tables while an import is open', async () => {
  const account = await openTestAccount()
  const { id } = await beginImport(account)
  await account.sql.batch([{ sql: 'CREATE TABLE import_record (path)' }])
  const tables = () => account.sql.all("SELECT name FROM sqlite_master WHERE name LIKE 'import%'")
  await cleanUpImports(account)
  expect(await tables()).toHaveLength(1)
  await abortImport(account, { id })
  expect(await tables()).toEqual([])
})

it('importRepo deletes the blobs that no record references any more, and notes that there may be references', async () => {
  const storage = memoryBlobStorage()
  const account = await openTestAccount({ blobs: { storage } })
  account.blobs.resume()
  await account.blobs.whenReconciled()
  expect(account.blobs.mayHaveReferences).toBe(false)
  await createRecord(account, { collection, rkey: 'old', record: { $type: collection } })
  storage.files.set(`place/${testDid}/${image}`, Uint8Array.of(1))
  await account.sql.batch([
    {
      sql: "INSERT INTO blob (cid, mime_type, size, created_at) VALUES (?, 'image/png', 1, 0)",
      params: [image],
    },
    { sql: 'INSERT INTO record_blob VALUES (?, ?)', params: [image, `${collection}/old`] },
  ])
  const other = cidForRaw(Uint8Array.of(2))
  const picture = { $type: 'blob', ref: parseCid(other), mimeType: 'image/png', size: 1 }
  const repo = foreignRepo({
    ...{ did: testDid, signer },
    records: { [`${collection}/new`]: { $type: collection, picture } },
  })
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: repo.car })
  await finishImport(account, { id, keys })
  expect(account.blobs.mayHaveReferences).toBe(true)
  await account.blobs.whenReconciled()
  expect([...storage.files]).toEqual([])
})

/** Interrupted imports: nothing of them is left, and the next import is complete. */
import { beforeEach, expect, it } from 'vitest'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import {
  abortImport,
  abortOpenImport,
  addImportPage,
  beginImport,
  cleanUpImports,
  finishImport,
} from '#src/account/repo/import.ts'
import { listRecords } from '#src/account/repo/read.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const { key: signer } = newSigningKey()
const keys = [signer.did()]
const records = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`${collection}/k${n}`, { $type: collection, n }]),
)
const repo = foreignRepo({ did: testDid, signer, records })

let account: OpenAccount
let isAway = false
beforeEach(async () => {
  account = await openTestAccount({
    onBatch: (when, statements) => {
      const stages = statements.some(({ sql }) => sql.includes('INTO import_record '))
      if (isAway && stages && when === 'before') throw new Error('the engine is away')
    },
  })
})

/** An import that was interrupted when its staging tables were there. */
async function begun() {
  const { id } = await beginImport(account)
  await addImportPage(account, { id, n: 0, bytes: repo.car })
  isAway = true
  await expect(finishImport(account, { id, keys })).rejects.toThrow('the engine is away')
  isAway = false
  return id
}

async function expectWhole(imported: OpenAccount): Promise<void> {
  const { json } = await listRecords(imported, { collection, limit: 100 })
  expect(JSON.parse(json).records).toHaveLength(20)
}

const staged = () => account.sql.all("SELECT name FROM sqlite_master WHERE name LIKE 'import%'")

it('an import that a crash interrupted is cleaned up when the account wakes', async () => {
  await begun()
  expect(await staged()).not.toEqual([])
  const woken = await openTestAccount({ sql: account.sql })
  await cleanUpImports(woken)
  expect(await staged()).toEqual([])
  await cleanUpImports(woken)
})

it('the clean-up at wake leaves an import alone that began meanwhile', async () => {
  await begun()
  const woken = await openTestAccount({ sql: account.sql })
  const sweeping = cleanUpImports(woken)
  await importCar(woken, repo.car, { keys })
  await sweeping
  await expectWhole(woken)
})

it('an import in progress is aborted before the account sleeps', async () => {
  const id = await begun()
  await abortOpenImport(account)
  expect(await staged()).toEqual([])
  await expect(finishImport(account, { id, keys })).rejects.toMatchObject({ status: 503 })
  await abortOpenImport(account)
})

it('an import goes on after the engine was away', async () => {
  const id = await begun()
  expect(await finishImport(account, { id, keys })).toEqual({ done: true })
  await expectWhole(account)
  expect(await account.sql.all('SELECT DISTINCT rev FROM record')).toHaveLength(1)
})

it('an aborted import takes no pages from the next one, however soon that begins', async () => {
  const id = await begun()
  const pending = addImportPage(account, { id, n: 1, bytes: new Uint8Array() })
  const [, next] = await Promise.all([
    abortImport(account, { id }),
    beginImport(account),
    pending.catch(() => {}),
  ])
  await addImportPage(account, { id: next.id, n: 0, bytes: repo.car })
  expect(await finishImport(account, { id: next.id, keys })).toEqual({ done: true })
  await expectWhole(account)
})

it('deleting the account deletes its import staging', async () => {
  await begun()
  await deleteAccount(account)
  expect(await staged()).toEqual([])
})

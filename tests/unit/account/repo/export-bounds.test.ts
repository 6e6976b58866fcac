/** What exports may use: how many there are, for how long, and what they keep of a repo that changes. */
import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import { expect, it } from 'vitest'
import { ExportLimits } from '#src/account/export-limits.ts'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { closeExport, openExport, readExport } from '#src/account/repo/export.ts'
import { createRecord, putRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { exportedCar, importCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const expired = { status: 400, error: 'ExportExpired' }
const tooMany = { status: 503, error: 'ServiceUnavailable' }
const tooManyOfAddress = { status: 429, error: 'RateLimitExceeded' }
const changed = { status: 503, message: expect.stringMatching(/changed/) }

const record = (n: number, v: number, bytes = 10) => ({
  ...{ collection, rkey: `k${String(n).padStart(4, '0')}` },
  record: { $type: collection, n, v, text: 'x'.repeat(bytes) },
})
const write = (account: OpenAccount, count: number, v: number, bytes?: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => putRecord(account, record(n, v, bytes))))
const open = async (account: OpenAccount, from?: string, as: 'anyone' | 'self' = 'anyone') =>
  (await openExport(account, { from }, as)).id
const read = (account: OpenAccount, id: string, n: number) => readExport(account, { id, n })

async function restOf(account: OpenAccount, id: string): Promise<Uint8Array> {
  const pages: Uint8Array[] = []
  for (let done = false; !done; ) {
    const page = await read(account, id, pages.length)
    pages.push(page.bytes)
    done = page.done
  }
  return Buffer.concat(pages)
}

it('getRepo is refused with 503 if a repo has too many exports, until one is closed; its owner still gets one', async () => {
  const account = await openTestAccount()
  const ids: string[] = []
  for (let n = 0; n < 50; n++) ids.push(await open(account, `192.0.2.${n}`))
  await expect(open(account, '192.0.2.99')).rejects.toMatchObject(tooMany)
  for (let n = 0; n < 10; n++) await open(account, undefined, 'self')
  await expect(open(account, undefined, 'self')).rejects.toMatchObject(tooMany)
  for (const id of ids.slice(0, 11)) closeExport(account, { id })
  closeExport(account, { id: ids[0]! })
  await open(account, '192.0.2.99')
  await expect(open(account, '192.0.2.98')).rejects.toMatchObject(tooMany)
})

it('getRepo is refused with 429 if one address has too many exports of a repo, and to no one else', async () => {
  const account = await openTestAccount()
  const ids: string[] = []
  for (let n = 0; n < 10; n++) ids.push(await open(account, '192.0.2.1'))
  await expect(open(account, '192.0.2.1')).rejects.toMatchObject(tooManyOfAddress)
  await open(account, '192.0.2.2')
  await open(account, '192.0.2.1', 'self')
  closeExport(account, { id: ids[0]! })
  await open(account, '192.0.2.1')
})

it('getRepo is refused if one address, or all, have too many exports on the server', async () => {
  const exportLimits = new ExportLimits()
  const accounts: OpenAccount[] = []
  for (let n = 0; n < 16; n++) accounts.push(await openTestAccount({ exportLimits }))
  const openMany = async (from: (n: number) => string, count: number) => {
    for (let n = 0; n < count; n++) await open(accounts[n % 16]!, from(n))
  }
  await openMany(() => '192.0.2.1', 50)
  await expect(open(accounts[0]!, '192.0.2.1')).rejects.toMatchObject(tooManyOfAddress)
  await openMany((n) => `198.51.100.${n}`, 100)
  await expect(open(accounts[0]!, '203.0.113.1')).rejects.toMatchObject(tooMany)
  accounts[0]!.snapshots.closeAll()
  await open(accounts[0]!, '203.0.113.1')
  await open(accounts[0]!, '192.0.2.1')
})

it('an export that is read no more ends by a timer', async () => {
  const timers = new Set<() => void>()
  const timer = (_: number, run: () => void) => {
    timers.add(run)
    return () => timers.delete(run)
  }
  const account = await openTestAccount({ timer })
  await write(account, 30, 0, 20_000)
  const id = await open(account)
  await read(account, id, 0)
  expect(timers.size).toBe(1)
  const [first] = timers
  await read(account, id, 1)
  expect(timers.size).toBe(1)
  expect(timers).not.toContain(first)
  for (const run of timers) run()
  expect(timers.size).toBe(0)
  await expect(read(account, id, 2)).rejects.toMatchObject(expired)
})

it('an export keeps only what it still needs of a record that is written again and again', async () => {
  const account = await openTestAccount({ exportLimits: new ExportLimits({ keptBytes: 30_000 }) })
  await write(account, 50, 0, 20_000)
  const before = await account.lane.head()
  const id = await open(account)
  for (let v = 1; v < 9; v++) await putRecord(account, record(0, v, 20_000))
  const { blocks, root } = await readCarWithRoot(await restOf(account, id))
  expect(root.toString()).toBe(before.cid)
  const verified = await verifyRepo(blocks, root, testDid, testKey.did())
  expect(verified.creates).toHaveLength(50)
})

it('an export that would have to keep too much fails, and the writes go on', async () => {
  const exportLimits = new ExportLimits({ keptBytesEach: 780_000 })
  const account = await openTestAccount({ exportLimits })
  await write(account, 40, 0, 20_000)
  const id = await open(account)
  await read(account, id, 0)
  await write(account, 38, 1, 20_000)
  const other = await open(account)
  expect((await restOf(account, other)).length).toBeGreaterThan(800_000)
  await write(account, 40, 2, 20_000)
  await expect(read(account, id, 1)).rejects.toMatchObject(changed)
  expect((await readCarWithRoot(await exportedCar(account))).blocks.size).toBeGreaterThan(40)
})

it('the exports of a server keep so much together and no more, and what is given up is free again', async () => {
  const exportLimits = new ExportLimits({ keptBytes: 1_500_000 })
  const changing = async () => {
    const account = await openTestAccount({ exportLimits })
    await write(account, 30, 0, 20_000)
    const id = await open(account)
    await write(account, 30, 1, 20_000)
    return { account, id }
  }
  const [first, second, third] = [await changing(), await changing(), await changing()]
  await restOf(first.account, first.id)
  await expect(read(third.account, third.id, 0)).rejects.toMatchObject(changed)
  closeExport(second.account, { id: second.id })
  const again = await changing()
  expect((await restOf(again.account, again.id)).length).toBeGreaterThan(30 * 20_000)
})

it.each([['import'], ['deletion']])('an export fails after an %s of the repo', async (what) => {
  const account = await openTestAccount()
  await createRecord(account, record(0, 0))
  const car = await exportedCar(account)
  for (const since of [undefined, '2222222222222']) {
    const { id } = await openExport(account, since === undefined ? {} : { since }, 'self')
    await read(account, id, 0)
    if (what === 'import') await importCar(account, car, { keys: [testKey.did()] })
    else if (since !== undefined) await deleteAccount(account)
    else closeExport(account, { id })
    await expect(read(account, id, 1)).rejects.toMatchObject(expired)
  }
})

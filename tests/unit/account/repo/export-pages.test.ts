/** The pages of an export by themselves: how large they are, and what is in them. */
import { encode } from '@atproto/lex-cbor'
import { expect, it } from 'vitest'
import { closeExport, openExport, readExport } from '#src/account/repo/export.ts'
import { applyWrites } from '#src/account/repo/write.ts'
import { carBlockLength, carFile } from '#src/protocol/car.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import { layerOf } from '#src/protocol/tree.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const PAGE_BYTES = 384 * 1024
const collection = 'com.example.thing'
const pathOf = (rkey: string) => `${collection}/${rkey}`
// The tree of these has one node.
const rkeys = Array.from({ length: 200 }, (_, n) => String(1_000 + n)).filter(
  (rkey) => layerOf(pathOf(rkey)) === 0,
)
const expired = { status: 400, error: 'ExportExpired' }

/** A record that takes up so many bytes of a CAR file. */
function recordOf(bytes: number, n = 0) {
  const of = (length: number) => ({ $type: collection, n, text: 'x'.repeat(length) })
  const rest = carBlockLength(encode(of(bytes))) - bytes
  const record = of(bytes - rest)
  expect(carBlockLength(encode(record))).toBe(bytes)
  return record
}

async function create(account: OpenAccount, values: readonly object[]): Promise<void> {
  await applyWrites(account, {
    writes: values.map((value, i) => ({
      $type: 'com.atproto.repo.applyWrites#create',
      ...{ collection, rkey: rkeys[i]!, value: value as { $type: string } },
    })),
  })
}

async function opened(account: OpenAccount) {
  const { id } = await openExport(account, {}, 'anyone')
  const { bytes: first } = await readExport(account, { id, n: 0 })
  return { id, first, read: (n: number) => readExport(account, { id, n }) }
}

it('the first page of an export is the commit, and the others are the blocks of the tree', async () => {
  const account = await openTestAccount()
  const values = [1, 2, 3].map((n) => ({ $type: collection, n }))
  await create(account, values)
  const { cid, block, tree } = await account.lane.head()
  const { id, first, read } = await opened(account)
  expect(Buffer.from(first)).toEqual(Buffer.from(carFile(cid, [[cid, block]])))
  const { bytes, done } = await read(1)
  expect(done).toBe(true)
  const records = values.map((value, i) => [tree.values[i]!, encode(value)] as const)
  const whole = carFile(cid, [[cid, block], nodeBlock(tree), ...records])
  expect(Buffer.concat([first, bytes])).toEqual(Buffer.from(whole))
  closeExport(account, { id })
})

it('openExport answers with the first page only if that is asked for', async () => {
  const account = await openTestAccount()
  expect(await openExport(account, {}, 'anyone')).toEqual({ id: expect.any(String) })
  const { id, first } = await openExport(account, { first: true }, 'anyone')
  expect(first!.done).toBe(false)
  expect(await readExport(account, { id, n: 0 })).toEqual(first)
})

it.each([
  ['ends when it has 384 KiB', 0, 0],
  ['takes one more block if it lacks a byte of 384 KiB', 1, 1],
])('a page of an export %s', async (_, missing, more) => {
  for (const small of [0, 50]) {
    const account = await openTestAccount()
    // The node of the tree and the small records come first; the last record is of the page after it.
    const sizes = [...Array(small).fill(200), ...Array(8).fill(60_000)]
    await create(account, sizes.map(recordOf))
    const { tree } = await account.lane.head()
    const node = carBlockLength(nodeBlock(tree)[1])
    sizes[small + 6] = PAGE_BYTES - node - small * 200 - 6 * 60_000 - missing
    const other = await openTestAccount()
    await create(other, sizes.map(recordOf))
    const { read } = await opened(other)
    const { bytes, done } = await read(1)
    expect(bytes).toHaveLength(PAGE_BYTES - missing + more * 60_000)
    expect(done).toBe(false)
    expect(await read(2)).toMatchObject({ done: true, bytes: { length: (1 - more) * 60_000 } })
  }
})

it('each page of an export is read after the one before, and the last one again', async () => {
  const account = await openTestAccount()
  await create(account, Array(10).fill(recordOf(90_000)))
  const { id, first, read } = await opened(account)
  await expect(read(2)).rejects.toMatchObject(expired)
  await expect(read(-1)).rejects.toMatchObject(expired)
  expect((await read(0)).bytes).toEqual(first)
  const pages = [await read(1)]
  await expect(read(0)).rejects.toMatchObject(expired)
  expect(await read(1)).toBe(pages[0])
  for (let n = 2; !pages.at(-1)!.done; n++) pages.push(await read(n))
  expect(await read(pages.length)).toBe(pages.at(-1))
  await expect(read(pages.length + 1)).rejects.toMatchObject(expired)
  expect(account.snapshots.hasOpen).toBe(false)
  closeExport(account, { id })
})

it('an export that is closed cannot be read', async () => {
  const account = await openTestAccount()
  const { id, read } = await opened(account)
  closeExport(account, { id })
  await expect(read(1)).rejects.toMatchObject(expired)
})

it('an export fails if a large record is gone', async () => {
  const account = await openTestAccount()
  await create(account, [recordOf(60_000, 1), recordOf(60_000, 2)])
  const { read } = await opened(account)
  const [path] = rkeys.slice(1).map(pathOf)
  await account.sql.batch([{ sql: 'DELETE FROM record WHERE path = ?', params: [path!] }])
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(read(1)).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/changed/),
    })
  }
})

it('an export goes on after a read that failed, also if that was of what it reads ahead', async () => {
  const account = await openTestAccount()
  await create(
    account,
    Array.from({ length: 60 }, (_, n) => recordOf(200, n)),
  )
  const { read } = await opened(account)
  const { first } = account.sql
  let fails = true
  Object.assign(account.sql, {
    first: (...args: Parameters<typeof first>) =>
      fails ? Promise.reject(new Error('disk I/O error')) : first(...args),
  })
  await expect(read(1)).rejects.toThrow('disk I/O error')
  fails = false
  const { bytes, done } = await read(1)
  expect(done).toBe(true)
  expect(bytes.length).toBeGreaterThan(60 * 200)
})

it('a record of an export is not kept any more when it is in a page', async () => {
  const account = await openTestAccount()
  await create(account, [recordOf(200, 1), ...Array(8).fill(recordOf(60_000))])
  const { read } = await opened(account)
  await read(1)
  const { tree } = await account.lane.head()
  const [first, last] = [tree.keys[0]!, tree.keys.at(-1)!]
  expect(account.snapshots.needs(first, tree.values[0]!)).toBe(false)
  expect(account.snapshots.needs(last, tree.values.at(-1)!)).toBe(true)
})

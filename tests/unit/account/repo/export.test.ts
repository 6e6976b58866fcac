/** getRepo: whole, since a rev, and as of one moment during writes; read with code that is not ours. */
import { parseCid } from '@atproto/lex-data'
import { BlockMap, MemoryBlockstore, MST, readCarWithRoot, verifyRepo } from '@atproto/repo'
import { expect, test } from 'vitest'
import { openExport, readExport } from '#src/account/repo/export.ts'
import {
  applyWrites,
  createRecord,
  deleteRecord,
  putRecord,
  type Write,
} from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const thing = (n: number, v = 0) => ({
  collection,
  rkey: `k${String(n).padStart(4, '0')}`,
  record: { $type: collection, n, v, text: 'x'.repeat(300) },
})

/** Many writes in few commits. */
async function writeMany(
  account: OpenAccount,
  action: 'create' | 'update' | 'delete',
  [from, to]: [number, number],
  v = 0,
): Promise<void> {
  for (let at = from; at < to; at += 200) {
    const numbers = Array.from({ length: Math.min(200, to - at) }, (_, n) => at + n)
    const writes = numbers.map((n): Write => {
      const { record: value, ...path } = thing(n, v)
      if (action === 'delete') return { $type: 'com.atproto.repo.applyWrites#delete', ...path }
      return { $type: `com.atproto.repo.applyWrites#${action}`, ...path, value }
    })
    await applyWrites(account, { writes })
  }
}

async function readAll(account: OpenAccount, since?: string, between?: () => Promise<unknown>) {
  const { id } = await openExport(account, since === undefined ? {} : { since }, 'anyone')
  const pages: Uint8Array[] = []
  for (let n = 0; ; n++) {
    const { bytes, done } = await readExport(account, { id, n })
    pages.push(bytes)
    if (done) break
    await between?.()
  }
  return { pages, ...(await readCarWithRoot(Buffer.concat(pages))) }
}

test('getRepo exports a repo that @atproto/repo verifies block for block', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 700])
  const { blocks, root, pages } = await readAll(account)
  expect(pages.length).toBeGreaterThan(1)
  const verified = await verifyRepo(blocks, root, testDid, testKey.did())
  expect(verified.creates.length).toBe(700)
})

test('an export shows the repo as of its start, whatever is replaced and deleted meanwhile', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 1200])
  const before = await account.lane.head()
  let n = 0
  const { blocks, root } = await readAll(account, undefined, async () => {
    for (let i = 0; i < 20; i++) {
      await putRecord(account, thing(1199 - n, 1))
      await deleteRecord(account, { collection, rkey: thing(1100 - n).rkey })
      n++
    }
  })
  expect(n).toBeGreaterThan(0)
  expect(root.toString()).toBe(before.cid)
  const verified = await verifyRepo(blocks, root, testDid, testKey.did())
  expect(verified.creates.length).toBe(1200)
})

test.each(['whole', 'since a rev'])(
  'an export (%s) that begins during writes includes them',
  async (which) => {
    const later = () => new Promise<void>((resolve) => setImmediate(resolve))
    const account = await openTestAccount({ onBatch: later })
    await createRecord(account, thing(0))
    const before = await readAll(account)
    const { rev } = await account.lane.head()
    const writes = [createRecord(account, thing(1)), createRecord(account, thing(2))]
    await later()
    writes.push(createRecord(account, thing(3)))
    const { blocks, root } = await readAll(account, which === 'whole' ? undefined : rev)
    await Promise.all(writes)
    const held = new BlockMap().addMap(which === 'whole' ? new BlockMap() : before.blocks)
    const verified = await verifyRepo(held.addMap(blocks), root, testDid, testKey.did())
    expect(verified.creates.length).toBe(4)
  },
)

test('an export that begins between the creation and an update of a record has what was created', async () => {
  const gate = Promise.withResolvers<void>()
  let stored: Promise<void> | undefined
  const account = await openTestAccount({ onBatch: () => stored })
  stored = gate.promise
  // All of these are waiting when the first is stored.
  const later = () => new Promise<void>((resolve) => setImmediate(resolve))
  const first = createRecord(account, thing(0))
  await later()
  const created = createRecord(account, thing(1))
  await later()
  const opened = openExport(account, {}, 'anyone')
  await later()
  const updated = putRecord(account, thing(1, 1))
  await later()
  gate.resolve()
  await Promise.all([first, updated])
  const { id } = await opened
  const { bytes } = await readExport(account, { id, n: 0 })
  const { bytes: rest } = await readExport(account, { id, n: 1 })
  const { blocks, root } = await readCarWithRoot(Buffer.concat([bytes, rest]))
  const { creates } = await verifyRepo(blocks, root, testDid, testKey.did())
  expect(creates.map(({ cid }) => cid.toString())).toContain((await created).cid)
})

test('an export since a rev has everything that a holder of that rev lacks, and not the whole repo', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 300])
  const whole = await readAll(account)
  const { rev } = await account.lane.head()
  await putRecord(account, thing(7, 1))
  await createRecord(account, thing(900))
  await deleteRecord(account, { collection, rkey: thing(8).rkey })
  const diff = await readAll(account, rev)
  expect(diff.blocks.size).toBeLessThan(whole.blocks.size / 3)
  const held = new BlockMap().addMap(whole.blocks).addMap(diff.blocks)
  const verified = await verifyRepo(held, diff.root, testDid, testKey.did())
  expect(verified.creates.length).toBe(300)
})

test.each(['an old rev', 'a rev in the middle'])(
  'an export since %s is complete whatever is replaced and deleted meanwhile',
  async (which) => {
    const account = await openTestAccount()
    await writeMany(account, 'create', [0, 1500])
    const old = await readAll(account)
    const since = which === 'an old rev' ? '2222222222222' : (await account.lane.head()).rev
    await writeMany(account, 'create', [1500, 2600])
    await writeMany(account, 'update', [0, 100], 1)
    await writeMany(account, 'delete', [200, 230])
    const head = await account.lane.head()
    let n = 0
    const { blocks, root } = await readAll(account, since, async () => {
      await putRecord(account, thing(2599 - n, 2))
      await putRecord(account, thing(90 - n, 2))
      await deleteRecord(account, thing(2400 - n))
      await createRecord(account, thing(3000 + n))
      n++
    })
    expect(n).toBeGreaterThan(0)
    expect(root.toString()).toBe(head.cid)
    const held = new BlockMap().addMap(which === 'an old rev' ? new BlockMap() : old.blocks)
    const verified = await verifyRepo(held.addMap(blocks), root, testDid, testKey.did())
    expect(verified.creates).toHaveLength(2570)
  },
)

test('an export since a rev proves more deletions than one page of them has', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 2300])
  const old = await readAll(account)
  const { rev } = await account.lane.head()
  await writeMany(account, 'delete', [0, 2100])
  const { blocks, root } = await readAll(account, rev)
  const held = new BlockMap().addMap(old.blocks).addMap(blocks)
  expect((await verifyRepo(held, root, testDid, testKey.did())).creates).toHaveLength(200)
})

test.each([undefined, '2222222222222'])(
  'writes do not wait for what an export (since %s) reads',
  async (since) => {
    const account = await openTestAccount()
    await writeMany(account, 'create', [0, 300])
    const { first } = account.sql
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    Object.assign(account.sql, {
      first: async (...args: Parameters<typeof first>) => {
        if (/path >= /.test(args[0])) await held
        return first(...args)
      },
    })
    const { id } = await openExport(account, since === undefined ? {} : { since }, 'anyone')
    await readExport(account, { id, n: 0 })
    const page = readExport(account, { id, n: 1 })
    await putRecord(account, thing(0, 1))
    release()
    expect((await page).bytes.length).toBeGreaterThan(300 * 300)
  },
)

test('an export reads large records one by one, also if they are replaced meanwhile', async () => {
  const account = await openTestAccount()
  const large = (n: number, v: number) => ({
    ...{ collection, rkey: `k${n}` },
    record: { $type: collection, n, v, text: 'x'.repeat(300_000) },
  })
  for (let n = 0; n < 9; n++) await putRecord(account, large(n, 0))
  const longest = { characters: 0 }
  const { first } = account.sql
  Object.assign(account.sql, {
    first: async (...args: Parameters<typeof first>) => {
      const row = await first(...args)
      longest.characters = Math.max(longest.characters, JSON.stringify(row ?? null).length)
      return row
    },
  })
  let n = 8
  const { blocks, root } = await readAll(account, undefined, async () => {
    if (n > 5) await putRecord(account, large(n--, 1))
  })
  expect(longest.characters).toBeLessThan(700_000)
  expect((await verifyRepo(blocks, root, testDid, testKey.did())).creates).toHaveLength(9)
})

test('an export since the newest rev has the commit and its root', async () => {
  const account = await openTestAccount()
  await createRecord(account, thing(1))
  const head = await account.lane.head()
  const { blocks, root } = await readAll(account, head.rev)
  expect(root.toString()).toBe(head.cid)
  const tree = MST.load(new MemoryBlockstore(blocks), parseCid(head.data))
  expect((await tree.getPointer()).toString()).toBe(head.data)
})

test('an export that has ended, or never began, cannot be read', async () => {
  const account = await openTestAccount()
  const { id } = await openExport(account, {}, 'anyone')
  expect((await readExport(account, { id, n: 0 })).done).toBe(false)
  expect((await readExport(account, { id, n: 1 })).done).toBe(true)
  for (const [other, n] of [
    [id, 2],
    ['other', 0],
  ] as const) {
    const read = readExport(account, { id: other, n })
    await expect(read).rejects.toMatchObject({ error: 'ExportExpired' })
  }
})

test('a page whose answer was lost is read again, the last one too', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 400])
  const { id } = await openExport(account, {}, 'anyone')
  for (let n = 0; ; n++) {
    const first = await readExport(account, { id, n })
    expect(await readExport(account, { id, n })).toEqual(first)
    await expect(readExport(account, { id, n: n + 2 })).rejects.toMatchObject({
      error: 'ExportExpired',
    })
    if (first.done) return expect(n).toBeGreaterThan(0)
  }
})

test('a read that fails is repeated and leaves no block out', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 700])
  const { id } = await openExport(account, {}, 'anyone')
  const { first } = account.sql
  let reads = 0
  Object.assign(account.sql, {
    first: (...args: Parameters<typeof first>) => {
      return ++reads % 2 === 1 ? Promise.reject(new Error('disk I/O error')) : first(...args)
    },
  })
  const pages: Uint8Array[] = []
  for (let done = false; !done; ) {
    const page = await readExport(account, { id, n: pages.length }).catch(() => undefined)
    if (page !== undefined) pages.push(page.bytes)
    done = page?.done ?? false
  }
  Object.assign(account.sql, { first })
  expect(reads).toBeGreaterThan(4)
  const { blocks, root } = await readCarWithRoot(Buffer.concat(pages))
  const verified = await verifyRepo(blocks, root, testDid, testKey.did())
  expect(verified.creates).toHaveLength(700)
})

test('a page whose record is gone is refused each time, and never sent without it', async () => {
  const account = await openTestAccount()
  await writeMany(account, 'create', [0, 700])
  const { id } = await openExport(account, {}, 'anyone')
  expect((await readExport(account, { id, n: 0 })).done).toBe(false)
  const path = `${collection}/${thing(600).rkey}`
  await account.sql.batch([{ sql: 'DELETE FROM record WHERE path = ?', params: [path] }])
  // Records of the next pages have been read already.
  let n = 1
  while ((await readExport(account, { id, n }).catch(() => null)) !== null) n++
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(readExport(account, { id, n })).rejects.toMatchObject({ status: 503 })
  }
})

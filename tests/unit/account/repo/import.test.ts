/** importRepo: a valid repo replaces the account's, signed with its own key; an invalid one changes nothing. */
import { cborEncode } from '@atproto/lex-cbor'
import { parseCid } from '@atproto/lex-data'
import { readCarWithRoot, verifyRepo } from '@atproto/repo'
import { beforeEach, describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { addImportPage, beginImport, finishImport } from '#src/account/repo/import.ts'
import { listRecords } from '#src/account/repo/read.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type Block, carFile, carHeader } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { tid } from '#src/protocol/tid.ts'
import { buildTree } from '#src/protocol/tree.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { exportedCar, foreignRepo, importCar } from '#tests/support/repo-cars.ts'

const thing = 'com.example.thing'
const { key: oldKey } = newSigningKey()
const keys = [oldKey.did()]
const image = cidForRaw(Uint8Array.of(1))
const legacy = cidForRaw(Uint8Array.of(2))

const records = {
  [`${thing}/one`]: { $type: thing, n: 1 },
  [`${thing}/two`]: { $type: thing, n: 2, same: 'twice' },
  'com.example.other/two': { $type: thing, n: 2, same: 'twice' },
  'com.example.picture/new': {
    $type: 'com.example.picture',
    image: { $type: 'blob', ref: parseCid(image), mimeType: 'image/png', size: 1 },
  },
  'com.example.picture/old': {
    $type: 'com.example.picture',
    image: { cid: legacy, mimeType: 'image/png' },
  },
  'app.bsky.graph.follow/3kbbbbbbbbb22': {
    $type: 'app.bsky.graph.follow',
    subject: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
    createdAt: '2024-01-01T00:00:00Z',
  },
}
const repo = foreignRepo({ did: testDid, signer: oldKey, records })

const cborBlock = (bytes: Uint8Array): Block => [cidForCbor(bytes), bytes]
const large = new Uint8Array(3_000_000)
let nested: Parameters<typeof cborEncode>[0] = 1
for (let i = 0; i < 200; i++) nested = { nested }
const strays: [string, Block][] = [
  ['a raw block', [cidForRaw(Buffer.from('blob')), Buffer.from('blob')]],
  ['a large block', [cidForRaw(large), large]],
  ['a list', cborBlock(cborEncode([1]))],
  ['text', cborBlock(cborEncode('x'))],
  ['what is not DAG-CBOR', cborBlock(Uint8Array.of(0xff))],
  ['NaN', cborBlock(Uint8Array.of(0xa1, 0x61, 0x6e, 0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0))],
  ['a deep record', cborBlock(cborEncode(nested))],
  ['a broken tree node', cborBlock(cborEncode({ e: [1], l: null }))],
  ['another commit', foreignRepo({ did: 'did:web:x.test', signer: oldKey, records }).commit],
]

let account: OpenAccount
beforeEach(async () => {
  account = await openTestAccount()
})

async function exported(of: OpenAccount) {
  const { blocks, root } = await readCarWithRoot(await exportedCar(of))
  return verifyRepo(blocks, root, testDid, testKey.did())
}

describe('importRepo of a valid repo', () => {
  it.each([100_000, 7])('importRepo takes over a repo in pieces of %d bytes', async (piece) => {
    await importCar(account, repo.car, { keys, piece })
    const { creates, commit } = await exported(account)
    expect(creates.map(({ collection, rkey }) => `${collection}/${rkey}`).sort()).toEqual(
      Object.keys(records).sort(),
    )
    // The record that occurs twice is one block.
    expect(new Set(creates.map(({ cid }) => cid.toString()))).toEqual(
      new Set(repo.records.map(([cid]) => cid)),
    )
    const head = await account.lane.head()
    expect(commit.rev).toBe(head.rev)
    expect(await account.sql.all('SELECT DISTINCT rev FROM record')).toEqual([{ rev: head.rev }])
  })

  it('importRepo stores blob references of both forms, and backlinks', async () => {
    await importCar(account, repo.car, { keys })
    expect(await account.sql.all('SELECT * FROM record_blob ORDER BY path')).toEqual([
      { blob_cid: image, path: 'com.example.picture/new' },
      { blob_cid: legacy, path: 'com.example.picture/old' },
    ])
    expect(await account.sql.all('SELECT collection, subject FROM backlink')).toEqual([
      { collection: 'app.bsky.graph.follow', subject: testDid },
    ])
  })

  it('importRepo replaces the existing repo, repeatedly', async () => {
    await createRecord(account, { collection: thing, rkey: 'mine', record: { $type: thing } })
    await deleteRecord(account, { collection: thing, rkey: 'mine' })
    const indexes = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'index'"
    const before = await account.sql.first<{ n: number }>(indexes)
    for (let n = 0; n < 3; n++) {
      const next = { ...records, [`${thing}/round`]: { $type: thing, n } }
      const { car } = foreignRepo({ did: testDid, signer: oldKey, records: next })
      await importCar(account, car, { keys })
      const { json } = await listRecords(account, { collection: thing, limit: 10 })
      expect(JSON.parse(json).records).toHaveLength(3)
      expect(json).toContain(`"n":${n}`)
    }
    expect(await account.sql.first(indexes)).toEqual(before)
    expect(await account.sql.all('SELECT * FROM tombstone')).toEqual([])
    const staged = "SELECT name FROM sqlite_master WHERE name LIKE 'import%'"
    expect(await account.sql.all(staged)).toEqual([])
    await createRecord(account, { collection: thing, rkey: 'mine', record: { $type: thing } })
    expect((await exported(account)).creates).toHaveLength(8)
  })

  it('importRepo accepts blocks in any order, and unused blocks', async () => {
    const { root, commit, nodes, records: blocks } = repo
    const stray = cborEncode({ $type: thing, stray: true })
    const all = [...blocks, ...nodes.toReversed(), commit, [cidForCbor(stray), stray] as Block]
    await importCar(account, carFile(root, [...all, ...blocks]), { keys })
    expect((await exported(account)).creates).toHaveLength(6)
  })

  it.each(strays)('importRepo ignores %s that nothing links to', async (_, stray) => {
    const { root, commit, nodes, records: blocks } = repo
    await importCar(account, carFile(root, [stray, commit, ...nodes, ...blocks, stray]), { keys })
    expect((await exported(account)).creates).toHaveLength(6)
  })

  it('importRepo ignores a block with a CID of another kind', async () => {
    const dagPb = Uint8Array.of(1, 0x70, 0x12, 32, ...new Uint8Array(32))
    const section = Buffer.from([dagPb.length + 2, ...dagPb, 10, 0])
    await importCar(account, Buffer.concat([repo.car, section]), { keys })
    expect((await exported(account)).creates).toHaveLength(6)
  })

  it('importRepo takes the first root of several', async () => {
    const { root, commit, nodes, records: blocks } = repo
    const header = carHeader([root, blocks[0]![0], root])
    const body = carFile(null, [commit, ...nodes, ...blocks]).subarray(carHeader([]).length)
    await importCar(account, Buffer.concat([header, body]), { keys })
    expect((await exported(account)).creates).toHaveLength(6)
  })

  it('importRepo takes a record that looks like a tree node, also if it is one', async () => {
    const node = { e: [], l: null }
    const tricky = { ...records, [`${thing}/node`]: node, [`${thing}/other`]: { e: [1], l: 'x' } }
    const { car } = foreignRepo({ did: testDid, signer: oldKey, records: tricky })
    await importCar(account, car, { keys })
    expect((await exported(account)).creates).toHaveLength(8)
  })

  it('importRepo accepts an empty repo', async () => {
    const { car } = foreignRepo({ did: testDid, signer: oldKey, records: {} })
    await importCar(account, car, { keys })
    expect((await exported(account)).creates).toEqual([])
  })

  it("importRepo accepts a repo signed with the account's own key, whatever key the DID document has", async () => {
    await createRecord(account, { collection: thing, rkey: 'mine', record: { $type: thing } })
    await importCar(account, await exportedCar(account), { keys: [] })
    expect((await exported(account)).creates).toHaveLength(1)
  })

  it('importRepo gives the repo a rev later than both the old one and the imported one', async () => {
    const rev = tid(account.clock.now() * 1000 + 60_000_000, 1)
    const { car } = foreignRepo({ did: testDid, signer: oldKey, records, rev })
    const before = await account.lane.head()
    await importCar(account, car, { keys })
    const after = await account.lane.head()
    expect(after.rev > rev && after.rev > before.rev).toBe(true)
  })
})

describe('importRepo events', () => {
  it('importRepo into an active account emits #sync', async () => {
    await importCar(account, repo.car, { keys })
    await account.outbox.settled()
    const { cid, rev } = await account.lane.head()
    expect(account.delivered.map(({ kind }) => kind)).toEqual(['#sync'])
    expect(account.delivered[0]).toMatchObject({ head: cid, rev })
  })

  it('importRepo into an inactive account emits nothing until activation, whose #sync is of the new repo', async () => {
    await changeState(account, { active: false })
    await importCar(account, repo.car, { keys })
    await changeState(account, { active: true })
    await account.outbox.settled()
    const { cid, rev } = await account.lane.head()
    const kinds = ['#account', '#account', '#identity', '#sync']
    expect(account.delivered.map(({ kind }) => kind)).toEqual(kinds)
    expect(account.delivered.at(-1)).toMatchObject({ head: cid, rev })
  })
})

describe('importRepo in pages', () => {
  const begun = async () => {
    const { id } = await beginImport(account)
    await addImportPage(account, { id, n: 0, bytes: repo.car })
    return id
  }

  it('importRepo does not undo a write that was committed meanwhile', async () => {
    const id = await begun()
    await createRecord(account, { collection: thing, rkey: 'mine', record: { $type: thing } })
    await expect(finishImport(account, { id, keys })).rejects.toThrow(/written to/)
    expect((await exported(account)).creates).toHaveLength(1)
  })

  it('importRepo takes a page that is sent twice once', async () => {
    const { id } = await beginImport(account)
    const half = repo.car.length >> 1
    const pages = [repo.car.subarray(0, half), repo.car.subarray(half)]
    for (const [n, bytes] of pages.entries()) {
      await Promise.all([0, 1].map(() => addImportPage(account, { id, n, bytes })))
    }
    expect(await finishImport(account, { id, keys })).toEqual({ done: true })
    expect((await exported(account)).creates).toHaveLength(6)
  })

  it('an import ends when another one begins', async () => {
    const id = await begun()
    await begun()
    await expect(finishImport(account, { id, keys })).rejects.toMatchObject({ status: 503 })
  })

  it('importRepo is refused to an account that is taken down, even if that happens before its end', async () => {
    const id = await begun()
    await changeState(account, { takedownRef: 'spam' })
    const refused = { status: 401, error: 'AccountTakedown' }
    await expect(finishImport(account, { id, keys })).rejects.toMatchObject(refused)
    await expect(beginImport(account)).rejects.toMatchObject(refused)
  })

  it('importRepo leaves the repo as it was if its last transaction fails', async () => {
    let fails = false
    account = await openTestAccount({
      onBatch: (when) => {
        if (fails && when === 'before') throw new Error('the engine is away')
      },
    })
    const id = await begun()
    const before = await account.lane.head()
    fails = true
    await expect(finishImport(account, { id, keys })).rejects.toThrow('the engine is away')
    fails = false
    expect((await account.lane.head()).cid).toBe(before.cid)
    expect(await finishImport(account, { id, keys })).toEqual({ done: true })
  })
})

const paths = Object.keys(records).sort()
const cids = repo.records.map(([cid]) => cid)

it('importRepo builds the same tree as the single writes would', async () => {
  await importCar(account, repo.car, { keys })
  expect((await account.lane.head()).tree).toEqual(
    expect.objectContaining({ keys: buildTree(paths, cids).keys }),
  )
})

/** Whatever importRepo takes, every read prints, and an update of an old profile can be written. */
import { encode as dagCbor } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { beforeEach, describe, expect, it } from 'vitest'
import { describeAccount } from '#src/account/oauth/account-summary.ts'
import { describeRepo, getRecord, listRecords } from '#src/account/repo/read.ts'
import { recentRecords } from '#src/account/repo/recent.ts'
import { applyWrites, createRecord, putRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { Block } from '#src/protocol/car.ts'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { buildTree } from '#src/protocol/tree.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { exportedCar, foreignRepo, importCar, repoOfTree } from '#tests/support/repo-cars.ts'

const collection = 'com.example.thing'
const PROFILE = 'app.bsky.actor.profile'
const { key: signer } = newSigningKey()
const keys = [signer.did()]
const picture = cidForRaw(Buffer.from('picture'))
const v0 = CID.createV0(CID.parse(picture).multihash as never)

let account: OpenAccount
beforeEach(async () => {
  account = await openTestAccount()
})

/** Imports records whose blocks are these bytes. */
async function importBlocks(blocks: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const paths = Object.keys(blocks).sort()
  const records = paths.map((path): Block => [cidForCbor(blocks[path]!), blocks[path]!])
  const tree = buildTree(
    paths,
    records.map(([cid]) => cid),
  )
  await importCar(account, repoOfTree({ did: testDid, signer, tree, records }), { keys })
}

const withValue = (type: string, value: Uint8Array) =>
  Buffer.concat([Buffer.from('a2616e', 'hex'), value, dagCbor('$type'), dagCbor(type)])

const odd: [what: string, value: Uint8Array, json: string][] = [
  ['0.0', Buffer.from('fb0000000000000000', 'hex'), '0'],
  ['1.5', dagCbor(1.5), '1.5'],
  ['undefined', Buffer.from('f7', 'hex'), 'null'],
  ['2^53 + 1', dagCbor(2n ** 53n + 1n), '9007199254740993'],
  ['a CIDv0', dagCbor(v0), `{"$link":"${v0}"}`],
  ['text that is not UTF-8', Buffer.from('61ff', 'hex'), '"\ufffd"'],
]

describe('an imported record', () => {
  it.each(odd)('an imported record with %s is printed by every read', async (_, value, json) => {
    await importBlocks({
      [`${collection}/1`]: withValue(collection, value),
      [`${collection}/2`]: dagCbor({ $type: collection, fine: 1 }),
      [`${PROFILE}/self`]: withValue(PROFILE, value),
      'app.bsky.feed.post/3kaaaaaaaaa22': withValue('app.bsky.feed.post', value),
    })
    const record = await getRecord(account, { collection, rkey: '1' })
    expect(record.json).toContain(`"value":{"n":${json},"$type":"${collection}"}`)
    const list = await listRecords(account, { collection, limit: 100 })
    expect(JSON.parse(list.json).records).toHaveLength(2)
    expect(list.json).toContain(`{"n":${json},`)
    expect((await describeRepo(account)).collections).toContain(collection)
    expect(await describeAccount(account)).toMatchObject({ did: testDid })
    const { rev } = await account.lane.head()
    await createRecord(account, { collection, rkey: '3', record: { $type: collection } })
    expect(await recentRecords(account, { since: rev })).toBeNull()
    await importCar(account, await exportedCar(account), { keys: [] })
    expect((await getRecord(account, { collection, rkey: '1' })).json).toBe(record.json)
  })

  it('a profile that cannot be read does not keep its owner from signing in', async () => {
    const path = `${PROFILE}/self`
    await account.sql.batch([
      {
        sql: 'INSERT INTO record (path, cid, rev, value) VALUES (?, ?, ?, ?)',
        params: [path, picture, '3kaaaaaaaaa22', Uint8Array.of(0xa1, 0xff)],
      },
    ])
    expect(await describeAccount(account)).toMatchObject({ did: testDid, handle: 'alice.test' })
  })

  it('describeRepo leaves out collections that older releases imported and no client can name', async () => {
    await createRecord(account, { collection, rkey: '1', record: { $type: collection } })
    await account.sql.batch(
      ['foo/bar', '../1', 'app.bsky.feed.Post-x/1'].map((path) => ({
        sql: 'INSERT INTO record (path, cid, rev, value) VALUES (?, ?, ?, ?)',
        params: [path, picture, '3kaaaaaaaaa22', Uint8Array.of(0xa0)],
      })),
    )
    expect((await describeRepo(account)).collections).toEqual([collection])
  })
})

describe('large records', () => {
  it('listRecords ends a page early if its records are large, and its cursor goes on', async () => {
    for (let n = 0; n < 9; n++) {
      const record = { $type: collection, text: String(n).repeat(600_000) }
      await putRecord(account, { collection, rkey: `k${n}`, record })
    }
    const rkeys: string[] = []
    let pages = 0
    for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
      const input = { collection, limit: 100, ...(cursor && { cursor }) }
      const { json } = await listRecords(account, input)
      expect(json.length).toBeLessThan(2_500_000)
      const page = JSON.parse(json) as { records: { uri: string }[]; cursor?: string }
      rkeys.push(...page.records.map(({ uri }) => uri.split('/').at(-1)!))
      cursor = page.cursor
    }
    expect(rkeys).toEqual(['k8', 'k7', 'k6', 'k5', 'k4', 'k3', 'k2', 'k1', 'k0'])
    expect(pages).toBe(4)
  })
})

describe('a profile with pictures of the old form', () => {
  const legacy = { cid: picture, mimeType: 'image/jpeg' }
  const profile = { $type: PROFILE, displayName: 'new', avatar: legacy, banner: legacy }
  const input = { collection: PROFILE, rkey: 'self', record: profile }
  const typed = { $type: 'blob', ref: { $link: picture }, mimeType: 'image/jpeg', size: 7 }
  const stored = async () => {
    const { json } = await getRecord(account, { collection: PROFILE, rkey: 'self' })
    return JSON.parse(json).value as object
  }
  const upload = () =>
    account.sql.batch([
      {
        sql: 'INSERT INTO blob (cid, mime_type, size, created_at) VALUES (?, ?, ?, ?)',
        params: [picture, 'image/jpeg', 7, 0],
      },
    ])
  beforeEach(async () => {
    const old = { $type: PROFILE, displayName: 'old', avatar: legacy, banner: legacy }
    const { car } = foreignRepo({ did: testDid, signer, records: { [`${PROFILE}/self`]: old } })
    await importCar(account, car, { keys })
  })

  it('getRecord shows the old form as it is', async () => {
    expect(await stored()).toMatchObject({ displayName: 'old', avatar: legacy })
  })

  it.each([['putRecord'], ['applyWrites']])(
    '%s of an old profile writes its pictures in the new form',
    async (name) => {
      await upload()
      if (name === 'putRecord') await putRecord(account, input)
      else {
        const { record: value, ...path } = input
        const update = { $type: 'com.atproto.repo.applyWrites#update', ...path, value } as const
        await applyWrites(account, { writes: [update] })
      }
      const expected = { $type: PROFILE, displayName: 'new', avatar: typed, banner: typed }
      expect(await stored()).toEqual(expected)
      expect(profile.avatar).toBe(legacy)
    },
  )

  it('putRecord of an old profile is refused if the picture was not uploaded', async () => {
    const missing = { status: 400, error: 'BlobNotFound' }
    await expect(putRecord(account, input)).rejects.toMatchObject(missing)
  })

  it.each<[string, () => Promise<unknown>]>([
    ['createRecord of a profile', () => createRecord(account, { ...input, rkey: 'other' })],
    ['putRecord of a new profile', () => putRecord(account, { ...input, rkey: 'other' })],
    [
      'putRecord of another type',
      () =>
        putRecord(account, {
          ...{ collection, rkey: 'self' },
          record: { $type: collection, avatar: legacy },
        }),
    ],
    [
      'putRecord with an old blob in another field',
      () => putRecord(account, { ...input, record: { $type: PROFILE, other: legacy } }),
    ],
  ])('%s refuses the old form', async (_, write) => {
    await upload()
    await expect(write()).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  })
})

/** importRepo of an invalid repo is refused with a reason, and changes nothing. */
import type { cborEncode } from '@atproto/lex-cbor'
import { beforeEach, expect, it } from 'vitest'
import { createRecord } from '#src/account/repo/write.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { tid } from '#src/protocol/tid.ts'
import { layerOf } from '#src/protocol/tree.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { dumpTables, foreignRepo, importCar, repoOfTree } from '#tests/support/repo-cars.ts'

const thing = 'com.example.thing'
const { key: oldKey } = newSigningKey()
const keys = [oldKey.did()]
const records = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`${thing}/k${n}`, { $type: thing, n }]),
)
const repo = foreignRepo({ did: testDid, signer: oldKey, records })

let account: OpenAccount
beforeEach(async () => {
  account = await openTestAccount()
})

const car = (...blocks: Block[]) => carFile(repo.root, blocks)
const foreign = (input: Partial<Parameters<typeof foreignRepo>[0]>) =>
  foreignRepo({ did: testDid, signer: oldKey, records, ...input }).car
const { commit, nodes, records: blocks } = repo
const cids = blocks.map(([cid]) => cid)
const paths = Object.keys(records).sort()
const flat = (keys: readonly string[]) => ({
  layer: 0,
  keys,
  values: keys.map((key) => cids[paths.indexOf(key)]!),
  subtrees: [...keys, ''].map(() => null),
  cid: null,
})
const lowest = paths.filter((path) => layerOf(path) === 0)
let deep: Parameters<typeof cborEncode>[0] = 1
for (let i = 0; i < 70; i++) deep = [deep]

const wrong: [what: string, car: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(), /truncated/],
  ['no CAR', Buffer.from('<html>'.repeat(50)), /Invalid CAR file/],
  ['no root', carFile(null, [commit, ...nodes, ...blocks]), /one root/],
  ['a cut end', repo.car.subarray(0, -1), /truncated/],
  ['a cut header', repo.car.subarray(0, 20), /truncated/],
  ['a block that was changed', repo.car.with(repo.car.length - 1, 0xff), /does not have that CID/],
  ['no commit', car(...nodes, ...blocks), /commit is missing/],
  ['a root that is a record', carFile(cids[0]!, blocks), /not a commit/],
  ['a missing node', car(commit, ...nodes.slice(1), ...blocks), /node .* is missing/],
  ['a missing record', car(commit, ...nodes, ...blocks.slice(1)), /record .* is missing/],
  ['another DID', foreign({ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }), /belongs to/],
  ['the signature of another key', foreign({ signer: newSigningKey().key }), /not signed/],
  ['a rev that is no TID', foreign({ rev: 'later' }), /not a TID/],
  ['a rev in the future', foreign({ rev: tid(4e15, 0) }), /in the future/],
  [
    'a tree of another form',
    repoOfTree({ did: testDid, signer: oldKey, tree: flat(paths), records: blocks }),
    /canonical/,
  ],
  [
    'paths out of order',
    repoOfTree({
      did: testDid,
      signer: oldKey,
      tree: flat(lowest.toReversed()),
      records: blocks,
    }),
    /not in order/,
  ],
  ...[
    'no-slash',
    'foo/bar',
    'a.b/c',
    '1.2.3/c',
    '-.-.-/c',
    '../c',
    'app..bsky/c',
    'com.example.Not-a-name/c',
    'com.example.thing/c/d',
    'com.example.thing/',
    'com.example.thing/.',
    'com.example.thing/..',
    'com.example.thing/a b',
    `com.example.thing/${'x'.repeat(513)}`,
  ].map((path): [string, Uint8Array, RegExp] => [
    `the path ${path.slice(0, 40)}`,
    foreign({ records: { [path]: { $type: thing } } }),
    /invalid path/,
  ]),
  [
    'a record that is a list',
    foreign({ records: { 'a.b.c/d': [1] as never } }),
    /block of a\.b\.c\/d is not a record/,
  ],
  ['a record without end', foreign({ records: { 'a.b.c/d': { deep } } }), /a\.b\.c\/d is nested/],
  ['a tree whose records come from outside', car(commit, ...nodes), /record .* is missing/],
]

it.each(wrong)('importRepo rejects %s and changes nothing', async (_, bad, message) => {
  await createRecord(account, { collection: thing, rkey: 'mine', record: { $type: thing } })
  const before = await dumpTables(account)
  await expect(importCar(account, bad, { keys })).rejects.toMatchObject({
    status: 400,
    message: expect.stringMatching(message),
  })
  expect(await dumpTables(account)).toBe(before)
  await importCar(account, repo.car, { keys })
})

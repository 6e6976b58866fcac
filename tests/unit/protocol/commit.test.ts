import { Secp256k1Keypair } from '@atproto/crypto'
import { encode } from '@atproto/lex-cbor'
import { parseCid } from '@atproto/lex-data'
import { signCommit as theirSignCommit, verifyCommitSig } from '@atproto/repo'
import { expect, it } from 'vitest'
import { signingKey } from '#src/ports/secp256k1.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { coveringBlocks, nodeBlock, signCommit } from '#src/protocol/commit.ts'
import { readNode } from '#src/protocol/repo-blocks.ts'
import { buildTree, cidOf, encodeNode, lookUp } from '#src/protocol/tree.ts'
import { cborLengths, encoded, expectBytes } from '#tests/support/foreign-encoders.ts'

const secret = new Uint8Array(32).fill(7)
const key = signingKey(secret)
const rev = '3mbcdefghijk2'
const data = cidForCbor(Uint8Array.of(0xa0))

it.each(cborLengths)(
  'signCommit signs and writes a DID of %i bytes as @atproto/repo does',
  async (length) => {
    const did = `did:web:${'x'.repeat(length)}`.slice(0, length)
    const keypair = await Secp256k1Keypair.import(secret)
    const unsigned = { did, version: 3 as const, data: parseCid(data), rev, prev: null }
    const theirs = await theirSignCommit(unsigned, keypair)
    const commit = signCommit(did, rev, data, key)
    expectBytes(commit.block, encode(theirs))
    expect(commit).toMatchObject({ cid: cidForCbor(commit.block), rev, data })
    await expect(verifyCommitSig(theirs, key.did())).resolves.toBe(true)
  },
)

it.each(cborLengths)('signCommit writes a signature of %i bytes as other encoders do', (length) => {
  const sig = new Uint8Array(length).fill(length)
  const { block } = signCommit('did:web:a.test', rev, data, { sign: () => sig })
  const value = { did: 'did:web:a.test', version: 3, data: { $link: data }, rev, prev: null, sig }
  expectBytes(block, encoded(value))
})

it('signCommit has the commit signed as it is without its signature', () => {
  const signed: Uint8Array[] = []
  const sign = (bytes: Uint8Array) => {
    signed.push(bytes)
    return new Uint8Array(64)
  }
  signCommit('did:web:a.test', rev, data, { sign })
  const unsigned = { did: 'did:web:a.test', version: 3, data: { $link: data }, rev, prev: null }
  expect(signed).toHaveLength(1)
  expectBytes(signed[0]!, encoded(unsigned))
})

const keys = Array.from({ length: 60 }, (_, i) => `a.b/${String(i).padStart(2, '0')}`)
const tree = () =>
  buildTree(
    keys,
    keys.map(() => data),
  )

it('nodeBlock is a node’s bytes under its CID, which the node keeps', () => {
  const node = tree()
  expect(node.cid).toBeNull()
  const [cid, bytes] = nodeBlock(node)
  expectBytes(bytes, encodeNode(node))
  expect(cid).toBe(cidForCbor(bytes))
  expect(node.cid).toBe(cid)
  expect(nodeBlock(node)).toEqual([cid, bytes])
})

it('coveringBlocks holds every node on the way to its keys once, the root first', () => {
  const root = tree()
  const blocks = coveringBlocks(root, keys.slice(10, 20))
  const cids = blocks.map(([cid]) => cid)
  expect(cids[0]).toBe(cidOf(root))
  expect(new Set(cids).size).toBe(cids.length)
  expect(blocks.every(([cid, bytes]) => cidForCbor(bytes) === cid)).toBe(true)
  const entries = blocks.flatMap(([, bytes]) => readNode(bytes).entries)
  const there = new Map(entries.map((entry) => [entry.key, entry.value]))
  for (const key of keys.slice(10, 20)) expect(there.get(key)).toBe(lookUp(root, key))
  expect(coveringBlocks(root, [])).toEqual([])
})

import { MSTNode } from '@atcute/mst'
import { Secp256k1Keypair } from '@atproto/crypto'
import { encode as lexEncode } from '@atproto/lex-cbor'
import { type LexValue, parseCid } from '@atproto/lex-data'
import { MemoryBlockstore, MST, signCommit } from '@atproto/repo'
import { encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { blockValue, readCommit, readNode, readRecord } from '#src/protocol/repo-blocks.ts'
import { fixtureLines } from '#tests/support/fixtures.ts'

const data = cidForCbor(Uint8Array.of(0xa0))
const link = CID.parse(data)
const rev = '3mbcdefghijk2'

function refusal(message: string) {
  const text = `The repo cannot be imported: ${message}`
  return expect.objectContaining({ status: 400, error: 'InvalidRequest', message: text })
}

describe('readCommit', () => {
  const whole = {
    did: 'did:web:a.test',
    version: 3,
    data: link,
    rev,
    prev: null,
    sig: new Uint8Array(64),
  }
  const without = (name: keyof typeof whole) => {
    const { [name]: _, ...rest } = whole
    return rest
  }

  it('readCommit reads a commit that @atproto/repo signed, and knows by which key', async () => {
    const [keypair, other] = [await Secp256k1Keypair.create(), await Secp256k1Keypair.create()]
    const unsigned = { did: whole.did, version: 3 as const, data: parseCid(data), rev, prev: null }
    const commit = readCommit(lexEncode({ ...(await signCommit(unsigned, keypair)) }))
    expect(commit).toMatchObject({ did: whole.did, rev, data })
    await expect(commit.isSignedBy(keypair.did())).resolves.toBe(true)
    await expect(commit.isSignedBy(other.did())).resolves.toBe(false)
    await expect(commit.isSignedBy('did:key:nonsense')).resolves.toBe(false)
  })

  it('readCommit counts fields it does not know as signed', async () => {
    const keypair = await Secp256k1Keypair.create()
    const { sig: _, ...unsigned } = { ...whole, more: 'x' }
    const sig = await keypair.sign(encode(unsigned))
    const sealed = readCommit(encode({ ...unsigned, sig }))
    await expect(sealed.isSignedBy(keypair.did())).resolves.toBe(true)
    const changed = readCommit(encode({ ...unsigned, more: 'y', sig }))
    await expect(changed.isSignedBy(keypair.did())).resolves.toBe(false)
  })

  it.each<[string, unknown]>([
    ['a list', [1]],
    ['null', null],
    ['bytes', new Uint8Array(4)],
    ['a link', link],
  ])('readCommit refuses %s', (_, value) => {
    expect(() => readCommit(encode(value))).toThrow(refusal('its root is not a commit'))
  })

  it('readCommit refuses what is not DAG-CBOR', () => {
    const bytes = Uint8Array.of(0xff)
    expect(() => readCommit(bytes)).toThrow(refusal('its root is not a commit'))
  })

  it.each<[string, unknown]>([
    ['no DID', without('did')],
    ['no data', without('data')],
    ['data that is text', { ...whole, data }],
    ['no rev', without('rev')],
    ['no version', without('version')],
    ['version 2', { ...whole, version: 2 }],
    ['no signature', without('sig')],
    ['a signature that is text', { ...whole, sig: 'AAAA' }],
  ])('readCommit refuses a commit with %s', (_, value) => {
    const refused = refusal('its root is not a commit of version 3')
    expect(() => readCommit(encode(value))).toThrow(refused)
  })

  it.each(fixtureLines('syntax/tid_syntax_invalid.txt'))('readCommit refuses the rev %s', (rev) => {
    const block = encode({ ...whole, rev })
    expect(() => readCommit(block)).toThrow(refusal('the rev of its commit is not a TID'))
  })

  it.each(fixtureLines('syntax/tid_syntax_valid.txt'))('readCommit takes the rev %s', (rev) => {
    expect(readCommit(encode({ ...whole, rev })).rev).toBe(rev)
  })
})

describe('readNode', () => {
  const entry = { k: Buffer.from('a.b/c'), p: 0, t: null, v: link }
  const nodeOf = (...entries: object[]) => encode({ e: entries, l: null })

  it('readNode reads every node of a tree as @atcute/mst does', async () => {
    let tree = await MST.create(new MemoryBlockstore())
    const keys = Array.from({ length: 100 }, (_, i) => `a.b/${'x'.repeat(i * 3)}${i}`)
    for (const key of keys) tree = await tree.add(key, parseCid(data))
    const { blocks } = await tree.getUnstoredBlocks()
    expect(blocks.size).toBeGreaterThan(10)
    for (const { bytes } of blocks.entries()) {
      const theirs = await MSTNode.deserialize(bytes)
      const { left, entries } = readNode(bytes)
      expect(entries.map(({ key }) => key)).toEqual(theirs.keys)
      expect(entries.map(({ value }) => value)).toEqual(theirs.values.map(({ $link }) => $link))
      const links = theirs.subtrees.map((subtree) => subtree?.$link ?? null)
      expect([left, ...entries.map(({ right }) => right)]).toEqual(links)
    }
  })

  it('readNode takes a whole key as the prefix of the next, and not one byte more', () => {
    const next = { ...entry, k: Buffer.from('d') }
    const { entries } = readNode(nodeOf(entry, { ...next, p: 5 }))
    expect(entries.map(({ key }) => key)).toEqual(['a.b/c', 'a.b/cd'])
    const refused = refusal('a tree node is malformed')
    expect(() => readNode(nodeOf(entry, { ...next, p: 6 }))).toThrow(refused)
    expect(() => readNode(nodeOf({ ...entry, p: 1 }))).toThrow(refused)
  })

  it.each<[string, Uint8Array]>([
    ['that is not DAG-CBOR', Uint8Array.of(0xff)],
    ['that is a list', encode([])],
    ['without entries', encode({ l: null })],
    ['whose entries are no list', encode({ e: {}, l: null })],
    ['whose left is text', encode({ e: [], l: data })],
    ['with an entry that is a number', encode({ e: [1], l: null })],
    ['with an entry that is null', encode({ e: [null], l: null })],
    ['with a key that is text', nodeOf({ ...entry, k: 'a.b/c' })],
    ['with a prefix that is text', nodeOf({ ...entry, p: '0' })],
    ['with a negative prefix', nodeOf(entry, { ...entry, p: -1 })],
    ['with a value that is text', nodeOf({ ...entry, v: data })],
    ['with a value that is null', nodeOf({ ...entry, v: null })],
    ['with a subtree that is text', nodeOf({ ...entry, t: data })],
  ])('readNode refuses a node %s', (_, bytes) => {
    expect(() => readNode(bytes)).toThrow(refusal('a tree node is malformed'))
  })
})

const path = 'a.b.c/self'

describe('readRecord', () => {
  const cid = cidForRaw(Uint8Array.of(1))
  const [blob, legacy] = [
    { $type: 'blob', ref: parseCid(cid), mimeType: 'image/png', size: 10 },
    { cid: cidForRaw(Uint8Array.of(2)), mimeType: 'image/png' },
  ]
  const nested = (depth: number): LexValue => (depth === 0 ? 1 : [nested(depth - 1)])

  it('readRecord names the blobs of both forms, each once, wherever they are', () => {
    const record = { blob, list: [{ blob }, legacy], deep: { deep: { blob } } }
    expect(readRecord(record, path).blobs.sort()).toEqual([cid, legacy.cid].sort())
    expect(readRecord({ text: 'x' }, path).blobs).toEqual([])
  })

  it('readRecord names blobs of unknown size, and those that are DAG-CBOR', () => {
    const record = { unsized: { ...blob, size: -1 }, block: { ...blob, ref: parseCid(data) } }
    expect(readRecord(record, path).blobs.sort()).toEqual([cid, data].sort())
  })

  it('readRecord leaves out blobs whose CIDs no upload can have', () => {
    const ref = CID.createV0(link.multihash as Parameters<typeof CID.createV0>[0])
    const record = {
      blob: { ...blob, ref: parseCid(ref.toString()) },
      legacy: { ...legacy, cid: ref.toString() },
      other: { ...legacy, cid: CID.createV1(0x70, link.multihash).toString() },
    }
    expect(readRecord(record, path).blobs).toEqual([])
  })

  it('readRecord refuses a block that is not DAG-CBOR', () => {
    const refused = refusal(`the record ${path} is not DAG-CBOR`)
    expect(() => readRecord(blockValue(Uint8Array.of(0xff)), path)).toThrow(refused)
  })

  it.each<[string, LexValue, string | null]>([
    ['app.bsky.graph.follow', 'did:web:a.test', 'did:web:a.test'],
    ['app.bsky.graph.block', 'did:web:a.test', 'did:web:a.test'],
    ['app.bsky.graph.follow', { uri: 'at://x' }, null],
    ['app.bsky.feed.like', { uri: 'at://x' }, 'at://x'],
    ['app.bsky.feed.repost', { uri: 'at://x' }, 'at://x'],
    ['app.bsky.feed.like', 'at://x', null],
    ['app.bsky.feed.like', { uri: 1 }, null],
    ['app.bsky.feed.post', 'did:web:a.test', null],
  ])('readRecord of %s about %j has the subject %s', ($type, subject, expected) => {
    expect(readRecord({ $type, subject }, path).subject).toBe(expected)
  })

  it('readRecord takes 64 levels, and refuses one more', () => {
    expect(readRecord({ value: nested(63) }, path).blobs).toEqual([])
    const refused = refusal(`the record ${path} is nested deeper than 64 levels`)
    expect(() => readRecord({ value: nested(64) }, path)).toThrow(refused)
    expect(() => readRecord({ value: { a: nested(63) } }, path)).toThrow(refused)
  })

  it.each<[string, LexValue | undefined]>([
    ['a list', []],
    ['text', 'x'],
    ['null', null],
    ['bytes', new Uint8Array(1)],
    ['a link', parseCid(cid)],
  ])('readRecord refuses %s', (_, value) => {
    expect(() => readRecord(value, path)).toThrow(refusal(`the block of ${path} is not a record`))
  })
})

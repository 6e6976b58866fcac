import { create, fromDigest, fromString, toString as textOf } from '@atcute/cid'
import { cidForCbor as theirsForCbor, cidForRawBytes as theirsForRaw } from '@atproto/lex-data'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import {
  CID_LENGTH,
  cidBytes,
  cidDigest,
  cidForCbor,
  cidForRaw,
  cidFromBytes,
  cidOfRawDigest,
  isCid,
  writeCid,
} from '#src/protocol/cid.ts'
import { fixtureLines } from '#tests/support/fixtures.ts'

const DAG_CBOR = 0x71
const RAW = 0x55

/** Digests of every bit alone, of no bit and of all of them. */
const digests = [
  ...Array.from({ length: 256 }, (_, bit) => new Uint8Array(32).with(bit >> 3, 0x80 >> (bit & 7))),
  new Uint8Array(32),
  new Uint8Array(32).fill(0xff),
]

it.each([0, 1, 55, 56, 63, 64, 65, 65_536])(
  'cidForCbor and cidForRaw of %i bytes are those of other libraries',
  async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i)
    expect(cidForCbor(bytes)).toBe(textOf(await create(DAG_CBOR, bytes)))
    expect(cidForCbor(bytes)).toBe(String(await theirsForCbor(bytes)))
    expect(cidForRaw(bytes)).toBe(textOf(await create(RAW, bytes)))
    expect(cidForRaw(bytes)).toBe(String(await theirsForRaw(bytes)))
  },
)

it('CIDs of every digest go from bytes to text and back as in other libraries', () => {
  for (const digest of digests) {
    expect(cidOfRawDigest(digest)).toBe(textOf(fromDigest(RAW, digest)))
    for (const codec of [RAW, DAG_CBOR] as const) {
      const { bytes } = fromDigest(codec, digest)
      const text = CID.decode(bytes).toString()
      expect(cidFromBytes(bytes)).toBe(text)
      expect(cidBytes(text)).toEqual(new Uint8Array(fromString(text).bytes))
      expect(isCid(text)).toBe(true)
    }
  }
})

it.each(Array.from({ length: 41 }, (_, length) => length))(
  'cidFromBytes writes %i bytes as multiformats writes base32',
  (length) => {
    for (const fill of [0, 1, 0x80, 0xff]) {
      const bytes = new Uint8Array(length).fill(fill)
      expect(cidFromBytes(bytes)).toBe(base32.encode(bytes))
    }
  },
)

it('writeCid writes 36 bytes where it is asked to, and nothing beside them', () => {
  const cid = cidForCbor(Uint8Array.of(0xa0))
  const out = new Uint8Array(100).fill(9)
  writeCid(cid, out, 13)
  expect(out.subarray(13, 13 + CID_LENGTH)).toEqual(CID.parse(cid).bytes)
  expect(out.subarray(0, 13)).toEqual(new Uint8Array(13).fill(9))
  expect(out.subarray(13 + CID_LENGTH)).toEqual(new Uint8Array(100 - 13 - CID_LENGTH).fill(9))
})

/** Whether other code takes the text for the CID of a DAG-CBOR block or of raw bytes, in its one spelling. */
function isCidElsewhere(text: string): boolean {
  try {
    const cid = CID.parse(text, base32)
    const isKnown = cid.version === 1 && (cid.code === DAG_CBOR || cid.code === RAW)
    const isSha256 = cid.multihash.code === 0x12 && cid.multihash.size === 32
    // From the bytes, because parse() keeps the text that it was given.
    return isKnown && isSha256 && CID.decode(cid.bytes).toString() === text
  } catch {
    return false
  }
}

it('isCid decides as multiformats does about every change of one character', () => {
  const cid = cidForRaw(Uint8Array.of(1))
  const characters = 'abcdefghijklmnopqrstuvwxyz234567018=A-\x7f\x80é'
  const wrong: string[] = []
  for (let at = 0; at < cid.length; at++) {
    for (const character of characters) {
      const changed = cid.slice(0, at) + character + cid.slice(at + 1)
      if (isCid(changed) !== isCidElsewhere(changed)) wrong.push(changed)
    }
  }
  expect(wrong).toEqual([])
})

it.each([
  ['upper case', (cid: string) => cid.toUpperCase()],
  ['no multibase prefix', (cid: string) => cid.slice(1)],
  ['a character more', (cid: string) => `${cid}a`],
  ['a character less', (cid: string) => cid.slice(0, -1)],
  ['bits set after the last byte', (cid: string) => cid.replace(/.$/, 'b')],
  ['the prefix of base58', (cid: string) => `z${cid.slice(1)}`],
  ['nothing in it', () => ''],
])('isCid refuses a CID with %s', (_, change) => {
  expect(isCid(change(cidForRaw(Uint8Array.of(1))))).toBe(false)
})

it('isCid refuses CIDs of another version, codec, hash or length of digest', () => {
  const bytes = cidBytes(cidForCbor(Uint8Array.of(1)))
  expect(isCid(cidFromBytes(bytes))).toBe(true)
  for (const [at, values] of [
    [0, [0, 2, 3]],
    [1, [0, 0x54, 0x56, 0x70, 0x72]],
    [2, [0, 0x11, 0x13, 0x1e]],
    [3, [31, 33, 64]],
  ] as const) {
    for (const value of values) expect(isCid(cidFromBytes(bytes.with(at, value)))).toBe(false)
  }
})

it('isCid refuses the CIDs of the fixtures, which are of kinds that no repo has', () => {
  for (const kind of ['valid', 'invalid']) {
    expect(fixtureLines(`syntax/cid_syntax_${kind}.txt`).filter(isCid)).toEqual([])
  }
})

it('cidDigest returns the sha-256 in a CID that isCid takes, and nothing for other text', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  for (const cid of [cidForRaw(bytes), cidForCbor(bytes)]) {
    expect(cidDigest(cid)).toEqual(CID.parse(cid).multihash.digest)
    expect(cidDigest(cid.slice(1))).toBeUndefined()
  }
})

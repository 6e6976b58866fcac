/** What encoders that are not ours make of a value or of blocks: they have to agree with each other before they judge us. */
import { writeCarStream } from '@atcute/car'
import { encode as atcuteEncode, toBytes } from '@atcute/cbor'
import { fromString } from '@atcute/cid'
import { encode as lexEncode } from '@atproto/lex-cbor'
import { type LexValue, parseCid } from '@atproto/lex-data'
import * as ipldCar from '@ipld/car/buffer-writer'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { expect } from 'vitest'
import type { Block } from '#src/protocol/car.ts'

/** A value of the data model: a link is an object with nothing but a `$link`, bytes are a Uint8Array. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Value[]
  | { [key: string]: Value }

/** Lengths at which the head of a CBOR item grows by a byte or more, and those before them. */
export const cborLengths = [0, 1, 23, 24, 255, 256, 65_535, 65_536]

/** The same for integers, which go on to 2^53 - 1. */
export const cborIntegers = [...cborLengths, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]

/** Lengths of CAR sections at which their varints grow by a byte, and those before them. */
export const varintLengths = [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]

/** The DAG-CBOR of a value, by three libraries. */
export function encoded(value: Value): Uint8Array {
  const bytes = dagCbor.encode(converted(value, { link: CID.parse, bytes: (of) => of }))
  const others = {
    '@atcute/cbor': atcuteEncode(
      converted(value, { link: ($link) => ({ $link }), bytes: (of) => toBytes(of) }),
    ),
    '@atproto/lex-cbor': lexEncode(
      converted(value, { link: (cid) => parseCid(cid), bytes: (of) => of }) as LexValue,
    ),
  }
  for (const [name, other] of Object.entries(others)) expectAgreement(name, other, bytes)
  return bytes
}

/** A CAR file, by two libraries. */
export async function encodedCar(
  roots: readonly string[],
  blocks: readonly Block[],
): Promise<Uint8Array> {
  const cids = roots.map((root) => CID.parse(root))
  const list = blocks.map(([cid, bytes]) => ({ cid: CID.parse(cid), bytes }))
  const sizes = list.map((block) => ipldCar.blockLength(block))
  const size = sizes.reduce((a, b) => a + b, ipldCar.headerLength({ roots: cids }))
  const writer = ipldCar.createWriter(new ArrayBuffer(size), { roots: cids })
  for (const block of list) writer.write(block)
  const bytes = writer.close()
  const entries = blocks.map(([cid, data]) => ({ cid: fromString(cid).bytes, data }))
  const links = roots.map(($link) => ({ $link }))
  const pieces: Uint8Array[] = []
  for await (const piece of writeCarStream(links, entries)) pieces.push(piece)
  expectAgreement('@atcute/car', Buffer.concat(pieces), bytes)
  return bytes
}

/** Expects the same bytes; a failure shows where they part, not all of them. */
export function expectBytes(bytes: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(bytes, expected) === 0) return
  const at = bytes.findIndex((byte, i) => byte !== expected[i])
  const from = at < 0 ? bytes.length : at
  const shown = (of: Uint8Array) => ({
    length: of.length,
    [`from byte ${from}`]: Buffer.from(of.subarray(from, from + 32)).toString('hex'),
  })
  expect(shown(bytes)).toEqual(shown(expected))
}

/** Texts of this many bytes in UTF-8: of characters of one, two, three and four bytes. */
export function textsOf(length: number): string[] {
  return ['a', 'é', '漢', '🎉'].map((character) => {
    const size = Buffer.byteLength(character)
    return character.repeat(Math.floor(length / size)) + 'a'.repeat(length % size)
  })
}

function converted(
  value: Value,
  into: { link(cid: string): unknown; bytes(bytes: Uint8Array): unknown },
): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return into.bytes(value)
  if (Array.isArray(value)) return value.map((item) => converted(item, into))
  if (typeof value['$link'] === 'string') return into.link(value['$link'])
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, converted(item, into)]),
  )
}

function expectAgreement(name: string, bytes: Uint8Array, others: Uint8Array): void {
  if (Buffer.compare(bytes, others) !== 0) throw new Error(`${name} does not agree with @ipld`)
}

import { decode as atcuteDecode } from '@atcute/cbor'
import { decode } from '@atproto/lex-cbor'
import { lexToJson } from '@atproto/lex-json'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { expect, it } from 'vitest'
import { cidForCbor, cidForRaw } from '#src/protocol/cid.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import {
  cborIntegers,
  cborLengths,
  encoded,
  textsOf,
  type Value,
} from '#tests/support/foreign-encoders.ts'

/** Expects of a record with this value the JSON that two other decoders read in its block. */
function expectJson(value: Value): void {
  const block = encoded({ value, 'what comes after': 1 })
  const json = JSON.stringify(JSON.parse(recordJson(block)))
  expect(json).toBe(JSON.stringify(lexToJson(decode(block))))
  expect(json).toBe(JSON.stringify(atcuteDecode(block)))
}

it.each(cborLengths)('recordJson reads text of %i bytes as other decoders do', (length) => {
  for (const text of textsOf(length)) expectJson(text)
})

it.each([...cborLengths, 2, 3, 4])('recordJson reads %i bytes as other decoders do', (length) => {
  expectJson(Uint8Array.from({ length }, (_, i) => 255 - i))
})

it.each(cborLengths)('recordJson reads a list of %i items as other decoders do', (length) => {
  expectJson(Array.from({ length }, (_, i) => i))
})

it.each(cborLengths.slice(0, -2))(
  'recordJson reads an object of %i entries as other decoders do',
  (length) => {
    expectJson(Object.fromEntries(Array.from({ length }, (_, i) => [`key ${i}`, -i])))
  },
)

it.each(cborLengths)('recordJson reads a key of %i bytes as other decoders do', (length) => {
  for (const key of textsOf(length)) expectJson({ [key]: true })
})

// A head counts a negative integer n as -1 - n, so it grows after -24, -256 and so on.
it.each(cborIntegers.flatMap((n) => [n, -n, Math.max(-1 - n, Number.MIN_SAFE_INTEGER)]))(
  'recordJson reads the integer %i as other decoders do',
  (value) => expectJson(value),
)

it.each<[string, Value]>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['a link to a record', { $link: cidForCbor(Uint8Array.of(0xa0)) }],
  ['a link to a blob', { $link: cidForRaw(Uint8Array.of(1)) }],
  ['text that JSON escapes', '"\\/\b\f\n\r\t\u0001\u007f\u2028'],
  ['a key that JSON escapes', { '"\n': { '\\': [] } }],
  ['lists and objects in one another', [[], [[]], {}, { a: [{ b: {} }, 1] }]],
])('recordJson reads %s as other decoders do', (_, value) => {
  expectJson(value)
})

it('recordJson reads a block that lies in the middle of other bytes', () => {
  const block = encoded({ text: 'grüße' })
  const around = Buffer.concat([Buffer.alloc(5, 0xff), block, Buffer.alloc(5, 0xff)])
  expect(recordJson(around.subarray(5, 5 + block.length))).toBe('{"text":"grüße"}')
})

const digest = decodeMultihash(Buffer.from(`1220${'11'.repeat(32)}`, 'hex'))
const v0 = CID.createV0(digest as never).toString()
const dagPb = CID.createV1(0x70, digest).toString()

/** A record whose one value is encoded like this, in hexadecimal. */
const withValue = (hex: string) => Buffer.from(`a1616e${hex}`, 'hex')
const [multihash, identity] = [`1220${'11'.repeat(32)}`, '0003616263']
const longCid = `015500ac02${'11'.repeat(300)}`
const longLink = CID.decode(Buffer.from(longCid, 'hex')).toString()

it.each([
  ['undefined', 'f7', 'null'],
  ['0.0', 'fb0000000000000000', '0'],
  ['-0.0', 'fb8000000000000000', '0'],
  ['1.5', 'fb3ff8000000000000', '1.5'],
  ['1e300', 'fb7e37e43c8800759c', '1e+300'],
  ['-2^63 as a float', 'fbc3e0000000000000', '-9223372036854776000'],
  ['1.5 in 32 bits', 'fa3fc00000', '1.5'],
  ['1.5 in 16 bits', 'f93e00', '1.5'],
  ['the smallest float of 16 bits', 'f90001', '5.960464477539063e-8'],
  ['-2^-23 in 16 bits', 'f98002', '-1.1920928955078125e-7'],
  ['the largest float of 16 bits', 'f97bff', '65504'],
  ['-2 in 16 bits', 'f9c000', '-2'],
  ['infinity in 16 bits', 'f97c00', 'null'],
  ['NaN in 16 bits', 'f97e00', 'null'],
  ['NaN', 'fb7ff8000000000000', 'null'],
  ['2^53 - 1', '1b001fffffffffffff', '9007199254740991'],
  ['2^53 + 1', '1b0020000000000001', '9007199254740993'],
  ['2^64 - 1', '1bffffffffffffffff', '18446744073709551615'],
  ['-2^53', '3b001fffffffffffff', '-9007199254740992'],
  ['-2^64', '3bffffffffffffffff', '-18446744073709551616'],
  ['a CIDv0', `d82a582300${multihash}`, JSON.stringify({ $link: v0 })],
  ['a CID of another codec', `d82a5825000170${multihash}`, JSON.stringify({ $link: dagPb })],
  ['a CID of another hash', `d82a48000155${identity}`, '{"$link":"bafkqaa3bmjrq"}'],
  ['a CID of 305 bytes', `d82a59013200${longCid}`, JSON.stringify({ $link: longLink })],
  ['text that is not UTF-8', '61ff', '"\ufffd"'],
])('recordJson writes %s of an imported record, and goes on after it', (_, hex, json) => {
  expect(recordJson(withValue(hex))).toBe(`{"n":${json}}`)
  const list = Buffer.from(`82${hex}01`, 'hex')
  expect(recordJson(list)).toBe(`[${json},1]`)
})

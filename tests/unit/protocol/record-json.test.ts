import { decode as atcuteDecode } from '@atcute/cbor'
import { decode } from '@atproto/lex-cbor'
import { lexToJson } from '@atproto/lex-json'
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

it.each([
  ['undefined', [0xf7]],
  ['a float of 16 bits', [0xf9, 0x3c, 0x00]],
  ['a float of 64 bits', [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]],
])('recordJson refuses %s, which no record has', (_, bytes) => {
  expect(() => recordJson(Uint8Array.from(bytes))).toThrow('not a DAG-CBOR record')
})

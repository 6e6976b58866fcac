/** DAG-CBOR of any record value: written as other encoders write it, read as other decoders read it. */
import { decode } from '@atproto/lex-cbor'
import { lexToJson } from '@atproto/lex-json'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CborWriter } from '#src/protocol/cbor.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { encoded, expectBytes, type Value } from '#tests/support/foreign-encoders.ts'

/** Lengths around those at which a head grows. */
const length = fc
  .tuple(fc.constantFrom(0, 24, 256, 65_536), fc.integer({ min: -3, max: 3 }))
  .map(([at, off]) => Math.max(0, at + off))
const longText = fc
  .tuple(length, fc.constantFrom('a', 'é', '漢', '🎉'), fc.string({ unit: 'grapheme' }))
  .map(([length, character, rest]) => {
    const count = Math.floor(length / Buffer.byteLength(character))
    return character.repeat(count) + rest
  })
const longBytes = fc
  .tuple(length, fc.uint8Array({ maxLength: 4 }))
  .map(([length, rest]) => Buffer.concat([Buffer.alloc(length, 7), rest]))
const link = fc.uint8Array({ maxLength: 4 }).map(($link) => ({ $link: cidForRaw($link) }))
const key = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((key) => !key.startsWith('$') && key !== '__proto__')

function values(integer: fc.Arbitrary<number>): fc.Arbitrary<Value> {
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      integer,
      fc.boolean(),
      fc.constant(null),
      link,
      longText,
      longBytes,
      fc.array(tie('value'), { maxLength: 30 }),
      fc.dictionary(key, tie('value'), { maxKeys: 30, noNullPrototype: true }),
    ),
  }))
  return value
}

/** Writes any value with the writer, which leaves the order of keys to its caller. */
function write(writer: CborWriter, value: Value): void {
  if (value === null) writer.null()
  else if (typeof value === 'boolean') writer.bool(value)
  else if (typeof value === 'number') writer.uint(value)
  else if (typeof value === 'string') writer.text(value)
  else if (value instanceof Uint8Array) writer.bytes(value)
  else if (Array.isArray(value)) {
    writer.array(value.length)
    for (const item of value) write(writer, item)
  } else if (typeof value['$link'] === 'string') writer.link(value['$link'])
  else {
    const entries = Object.entries(value).map(([key, item]) => ({ name: Buffer.from(key), item }))
    entries.sort((a, b) => a.name.length - b.name.length || Buffer.compare(a.name, b.name))
    writer.map(entries.length)
    for (const { name, item } of entries) {
      writer.text(name.toString())
      write(writer, item)
    }
  }
}

test('CborWriter writes any value as other encoders do', () => {
  const writer = new CborWriter()
  fc.assert(
    fc.property(values(fc.maxSafeNat()), (value) => {
      write(writer, value)
      expectBytes(writer.take(), encoded(value))
    }),
    { numRuns: 300 },
  )
})

test('recordJson reads any value as the decoder of @atproto does', () => {
  fc.assert(
    fc.property(values(fc.maxSafeInteger()), (value) => {
      const block = encoded({ value })
      const json = JSON.stringify(JSON.parse(recordJson(block)))
      expect(json).toBe(JSON.stringify(lexToJson(decode(block))))
    }),
    { numRuns: 300 },
  )
})

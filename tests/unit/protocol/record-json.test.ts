/** A record's block as JSON text: what the library makes of it. */
import { decode, encode } from '@atproto/lex-cbor'
import { jsonToLex, lexToJson } from '@atproto/lex-json'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidForRaw, isCid } from '#src/protocol/cid.ts'
import { recordJson } from '#src/protocol/record-json.ts'

const link = fc.uint8Array({ maxLength: 4 }).map((bytes) => ({ $link: cidForRaw(bytes) }))
const bytes = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => ({ $bytes: Buffer.from(bytes).toString('base64') }))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    link,
    bytes,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string({ maxLength: 12 }).filter((key) => !key.startsWith('$') && key !== '__proto__'),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
}))

test('any value reads the same as the library’s decoder and JSON writer give it', () => {
  fc.assert(
    fc.property(value, (json) => {
      const block = encode(jsonToLex({ json } as never) as never)
      expect(JSON.parse(recordJson(block))).toEqual(
        JSON.parse(JSON.stringify(lexToJson(decode(block)))),
      )
    }),
    { numRuns: 500 },
  )
})

test('a CID is told from what only looks like one', () => {
  const cid = cidForRaw(Uint8Array.of(1))
  expect(isCid(cid)).toBe(true)
  for (const wrong of [
    cid.toUpperCase(),
    cid.slice(1),
    `${cid}a`,
    cid.replace(/.$/, 'b'),
    `z${cid.slice(1)}`,
    '',
  ]) {
    expect(isCid(wrong)).toBe(false)
  }
})

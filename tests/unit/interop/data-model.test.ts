import { decode, encode } from '@atproto/lex-cbor'
import { type JsonValue, lexToJson } from '@atproto/lex-json'
import { describe, expect, it } from 'vitest'
import { cidForCbor } from '#src/protocol/cid.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { recordValue } from '#src/protocol/record-value.ts'
import { fixtureCases } from '#tests/support/fixtures.ts'

interface Encoding {
  json: JsonValue
  cbor_base64: string
  cid: string
}

interface Example {
  note: string
  json: JsonValue
}

describe('encodings', () => {
  const cases = fixtureCases<Encoding>('data-model/data-model-fixtures.json')

  it.each(cases)('$cid from JSON, to CBOR, and back', ({ json, cbor_base64, cid }) => {
    const bytes = encode(recordValue(json).value)
    expect(Buffer.from(bytes).toString('base64')).toBe(
      Buffer.from(cbor_base64, 'base64').toString('base64'),
    )
    expect(cidForCbor(bytes)).toBe(cid)
    expect(lexToJson(decode(bytes))).toEqual(json)
    expect(JSON.parse(recordJson(bytes))).toEqual(json)
  })
})

describe('records', () => {
  it.each(fixtureCases<Example>('data-model/data-model-valid.json'))('take: $note', ({ json }) => {
    expect(() => encode(recordValue(json).value)).not.toThrow()
  })

  it.each(fixtureCases<Example>('data-model/data-model-invalid.json'))(
    'refuse: $note',
    (example) => {
      expect(() => recordValue(example.json)).toThrow()
    },
  )
})

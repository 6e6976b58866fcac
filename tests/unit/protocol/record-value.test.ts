import { lexToJson } from '@atproto/lex-json'
import { describe, expect, it } from 'vitest'
import { recordValue } from '#src/protocol/record-value.ts'

const raw = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'
const blob = { $type: 'blob', ref: { $link: raw }, mimeType: 'image/png', size: 10 }

/** A list in a list in a list: `depth` of them. */
function nested(depth: number): unknown {
  return depth === 0 ? [] : [nested(depth - 1)]
}

describe('a record', () => {
  it('comes back the same', () => {
    const json = {
      text: 'grüße 🎉',
      list: [1, -1, 0, true, null, [], {}],
      link: { $link: raw },
      bytes: { $bytes: 'nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0' },
      blob,
      typed: { $type: 'com.example.embed', text: '' },
    }
    expect(lexToJson(recordValue(json).value)).toEqual(json)
    expect(recordValue(json).blobs.map(({ cid }) => cid)).toEqual([raw])
  })

  it.each<[string, unknown]>([
    ['text', 'hi'],
    ['a list', []],
    ['null', null],
    ['a link', { $link: raw }],
    ['bytes', { $bytes: 'nFERjg' }],
    ['a blob', blob],
  ])('is not %s', (_, json) => {
    expect(() => recordValue(json)).toThrow('The record must be')
  })

  it.each([['text'], [null], [['a list']]])('that is no object is refused as such: %j', (json) => {
    expect(() => recordValue(json)).toThrow(/^The record must be an object$/)
  })

  it('may have a list of 65,536 items, and not of more', () => {
    expect(() => recordValue({ list: Array(65_536).fill(1) })).not.toThrow()
    expect(() => recordValue({ list: Array(65_537).fill(1) })).toThrow('too long')
  })

  it('has no legacy blob, also of a CID that no blob has', () => {
    const cid = 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR'
    expect(() => recordValue({ avatar: { cid, mimeType: 'image/png' } })).toThrow('Legacy blobs')
  })

  it('has no blob whose type is text that cannot be stored', () => {
    expect(() => recordValue({ blob: { ...blob, mimeType: 'image/\u0000' } })).toThrow()
  })

  it.each<[string, unknown]>([
    ['a float', 1.5],
    ['a number beyond what a double counts', 2 ** 53],
    ['a link in base58', { $link: 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR' }],
    ['a link that is none', { $link: 'abc' }],
    ['a link of another hash', { $link: 'bafkrgqgvhnwdxhh3vvvv' }],
    ['a link and more', { $link: raw, more: 1 }],
    ['bytes that are none', { $bytes: '!!' }],
    ['bytes and more', { $bytes: 'nFERjg', more: 1 }],
    ['an empty type', { $type: '' }],
    ['a type that is a number', { $type: 1 }],
    ['a blob without a size', { ...blob, size: undefined }],
    ['a blob of less than nothing', { ...blob, size: -1 }],
    ['a blob and more', { ...blob, more: 1 }],
    ['a blob that is a record', { ...blob, ref: { $link: raw.replace('bafkrei', 'bafyrei') } }],
    ['a blob by its text', { ...blob, ref: raw }],
    ['a blob of the old form', { cid: raw, mimeType: 'image/png' }],
    ['a NUL', 'a\0b'],
    ['a NUL in a key', { 'a\0b': 1 }],
    ['half a character', 'a\ud83d'],
    ['half a character in a key', { '\udf89': 1 }],
    ['__proto__', JSON.parse('{"__proto__":{"a":1}}')],
    ['nesting without end', nested(40)],
    ['a list without end', Array(65_537).fill(0)],
    ['something JSON cannot hold', 1n],
  ])('has no %s in it', (_, value) => {
    const refused = expect.objectContaining({ status: 400, error: 'InvalidRequest' })
    expect(() => recordValue({ value })).toThrow(refused)
    expect(() => recordValue({ deep: [{ value }] })).toThrow(refused)
  })

  it('may be nested 32 deep', () => {
    expect(() => recordValue({ value: nested(30) })).not.toThrow()
    expect(() => recordValue({ value: nested(31) })).toThrow('nested deeper than 32')
  })

  it('may have something that only looks like a blob of the old form', () => {
    const json = { cid: raw, mimeType: 'image/png', title: 'a picture' }
    expect(lexToJson(recordValue({ json }).value)).toEqual({ json })
  })
})

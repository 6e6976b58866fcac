import { decode, encode } from '@atproto/lex-cbor'
import { type JsonValue, jsonToLex, lexToJson } from '@atproto/lex-json'
import { describe, expect, it } from 'vitest'
import { cidForCbor } from '#src/protocol/cid.ts'
import { isValidRecord, prepareRecord, type RecordInput } from '#src/protocol/prepare-record.ts'

const rkey = '3lbfyc5c2ck2a'
const createdAt = '2026-11-20T00:00:00.000Z'
const post = { $type: 'app.bsky.feed.post', text: 'hi', createdAt }
const blobCid = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'
const recordCid = 'bafyreib2rxk3rybloqtqwbo7xkhc4h2qkcq6wdzx2vdvpwz2hbz4lnpvpy'
const avatar = { $type: 'blob', ref: { $link: blobCid }, mimeType: 'image/png', size: 10 }

function prepare(record: unknown, input: Partial<RecordInput> = {}) {
  return prepareRecord({ collection: 'app.bsky.feed.post', rkey, record, ...input })
}

/** A record without a lexicon. */
function free(record: unknown, input: Partial<RecordInput> = {}) {
  return prepare(record, { collection: 'com.example.thing', ...input })
}

describe('the block', () => {
  it('the block of a record is its DAG-CBOR, under its CID', () => {
    const { bytes, cid } = prepare(post)
    expect(lexToJson(decode(bytes))).toEqual(post)
    expect(cid).toBe(cidForCbor(bytes))
  })

  it('a record gets the collection as its $type, and is rejected with any other', () => {
    const { $type: _, ...untyped } = post
    expect(prepare(untyped).cid).toBe(prepare(post).cid)
    expect(() => prepare({ ...post, $type: 'app.bsky.feed.like' })).toThrow(
      'Invalid $type: expected app.bsky.feed.post, got app.bsky.feed.like',
    )
    expect(() => prepare({ ...post, $type: 'a.b.c' }, { validate: false })).toThrow('$type')
  })

  it('encoding a record does not modify its JSON', () => {
    const json = { ...post, langs: ['en'], extra: { link: { $link: recordCid } } }
    const before = structuredClone(json)
    prepare(json)
    expect(json).toEqual(before)
    expect(prepare(json).cid).toBe(prepare(json).cid)
  })

  it('a record keeps fields that its lexicon does not define', () => {
    const { bytes } = prepare({ ...post, 'com.example.extra': 1 })
    expect(decode(bytes)).toMatchObject({ 'com.example.extra': 1 })
  })
})

describe('validation', () => {
  const unknown = { collection: 'com.example.thing' }

  it('validation knows the site.standard lexicons, as the reference does', () => {
    const collection = 'site.standard.document'
    const document = { site: 'https://example.com', title: 'a title', publishedAt: createdAt }
    expect(prepare(document, { collection }).status).toBe('valid')
    expect(() => prepare({ ...document, site: 'no URI' }, { collection })).toThrow(collection)
  })

  it('validation follows the validate parameter', () => {
    expect(prepare(post, { validate: true }).status).toBe('valid')
    expect(prepare(post).status).toBe('valid')
    expect(prepare(post, { validate: false }).status).toBeUndefined()
    expect(prepare({ a: 1 }, unknown).status).toBe('unknown')
    expect(prepare({ a: 1 }, { ...unknown, validate: false }).status).toBeUndefined()
    expect(() => prepare({ a: 1 }, { ...unknown, validate: true })).toThrow(
      'Unknown lexicon type: com.example.thing',
    )
  })

  it.each([
    ['without a text', { createdAt }],
    ['with a number for a text', { text: 1, createdAt }],
    ['with an invalid date', { text: '', createdAt: 'yesterday' }],
    ['with too long a text', { text: 'x'.repeat(301), createdAt }],
    ['with an invalid language', { text: '', createdAt, langs: ['!'] }],
  ])('validation rejects a post %s, unless it is off', (_, record) => {
    expect(() => prepare(record)).toThrow(/^Invalid app.bsky.feed.post record: .*record/)
    expect(prepare(record, { validate: false }).status).toBeUndefined()
  })

  it('an invalid record is rejected with 400 InvalidRequest', () => {
    expect(() => prepare({})).toThrow(
      expect.objectContaining({ status: 400, error: 'InvalidRequest' }),
    )
  })

  it('validation checks the size and the MIME type of a blob', () => {
    const profile = { collection: 'app.bsky.actor.profile', rkey: 'self' }
    expect(prepare({ avatar }, profile).status).toBe('valid')
    expect(() => prepare({ avatar: { ...avatar, size: 10_000_000 } }, profile)).toThrow('avatar')
    expect(() => prepare({ avatar: { ...avatar, mimeType: 'text/html' } }, profile)).toThrow('mime')
  })
})

describe('the record key', () => {
  it.each([
    ['app.bsky.feed.post', 'self', 'no TID'],
    ['app.bsky.actor.profile', rkey, 'not self'],
    ['com.atproto.lexicon.schema', 'self', 'no NSID'],
  ])('the record key of %s may not be %s: %s', (collection, key) => {
    const validation = () => prepare({}, { collection, rkey: key })
    expect(validation).toThrow(/record key/)
  })

  it.each(['', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(513), 'a\0b'])(
    'the record key %o is rejected',
    (key) => {
      expect(() => free({}, { rkey: key, validate: false })).toThrow('Invalid record key')
    },
  )

  it('the record key is not restricted if the type is unknown or validation is off', () => {
    expect(free({}, { rkey: '~any:thing_' }).status).toBe('unknown')
    expect(prepare(post, { rkey: 'self', validate: false }).status).toBeUndefined()
  })
})

describe('references', () => {
  it('every blob that a record references is found, at any depth', () => {
    const other = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    const second = { ...avatar, ref: { $link: other } }
    const { blobs, bytes } = free({ one: avatar, deep: [{ two: second }, { again: avatar }] })
    expect(blobs.map(({ cid }) => cid)).toEqual([blobCid, other, blobCid])
    expect(lexToJson(decode(bytes))).toMatchObject({ one: avatar })
  })

  it.each([
    ['app.bsky.graph.follow', { subject: 'did:plc:bob', createdAt }, ['did:plc:bob']],
    ['app.bsky.graph.block', { subject: 'did:plc:bob', createdAt }, ['did:plc:bob']],
    [
      'app.bsky.feed.like',
      { subject: { uri: 'at://did:plc:bob/a.b.c/d', cid: recordCid }, createdAt },
      ['at://did:plc:bob/a.b.c/d'],
    ],
    [
      'app.bsky.feed.repost',
      { subject: { uri: 'at://did:plc:bob/a.b.c/d', cid: recordCid }, createdAt },
      ['at://did:plc:bob/a.b.c/d'],
    ],
    ['app.bsky.graph.listitem', { subject: 'did:plc:bob', createdAt }, []],
  ])('a backlink is stored for the subject of a %s', (collection, record, subjects) => {
    expect(prepare(record, { collection, validate: false }).subjects).toEqual(subjects)
  })

  it.each([
    ['app.bsky.graph.follow', { subject: 1 }],
    ['app.bsky.feed.like', { subject: 'at://did:plc:bob/a.b.c/d' }],
    ['app.bsky.feed.like', { subject: null }],
    ['app.bsky.feed.like', {}],
  ])('no backlink is stored for a malformed %s', (collection, record) => {
    expect(prepare(record, { collection, validate: false }).subjects).toEqual([])
  })
})

describe('isValidRecord', () => {
  const profile = (avatar: JsonValue) =>
    encode(jsonToLex({ $type: 'app.bsky.actor.profile', avatar }))

  it('isValidRecord accepts stored records that are valid by their lexicon, and no others', () => {
    expect(isValidRecord('app.bsky.feed.post', prepare(post).bytes)).toBe(true)
    expect(isValidRecord('app.bsky.feed.post', encode({ ...post, text: 1 }))).toBe(false)
    expect(isValidRecord('app.bsky.feed.post', Uint8Array.of(0xff))).toBe(false)
  })

  it('isValidRecord accepts any record of an unknown lexicon', () => {
    expect(isValidRecord('com.example.thing', encode({ ...post, text: 1 }))).toBe(true)
    expect(isValidRecord('com.example.thing', Uint8Array.of(0xff))).toBe(true)
  })

  it('isValidRecord accepts a blob of unknown size', () => {
    expect(isValidRecord('app.bsky.actor.profile', profile(avatar))).toBe(true)
    expect(isValidRecord('app.bsky.actor.profile', profile({ ...avatar, size: -1 }))).toBe(true)
    expect(isValidRecord('app.bsky.actor.profile', profile('text'))).toBe(false)
  })
})

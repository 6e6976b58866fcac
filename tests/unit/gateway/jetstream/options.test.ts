import { describe, expect, it } from 'vitest'
import { wants } from '#src/gateway/events/filter.ts'
import { StreamEvent } from '#src/gateway/events/stream-event.ts'
import {
  eventsOptions,
  legacyOptions,
  readClientMessage,
  type StreamOptions,
} from '#src/gateway/jetstream/options.ts'
import { projectedCommit } from '#tests/support/events.ts'

const did = 'did:plc:alice'
const of = (query: string) => new URLSearchParams(query)
const inCollection = (collection: string) => projectedCommit(did, [{ path: `${collection}/a` }])[0]!
const identity = new StreamEvent({ seq: 1, did, kind: 'identity', time: '', identity: {} })
const sync = new StreamEvent({ seq: 1, did, kind: 'sync', time: '' })
const wanted = ({ filter }: StreamOptions, collection: string) =>
  wants(filter, inCollection(collection))

describe('wantedCollections', () => {
  it.each([
    ['', 'app.bsky.feed.post', true],
    ['wantedCollections=app.bsky.feed.post', 'app.bsky.feed.post', true],
    ['wantedCollections=app.bsky.feed.post', 'app.bsky.feed.postgate', false],
    ['wantedCollections=app.bsky.*', 'app.bsky.feed.post', true],
    ['wantedCollections=app.bsky.*', 'app.bskyx.feed.post', false],
    ['wantedCollections=app.*', 'app.bsky.feed.post', true],
    ['wantedCollections=.*', 'app.bsky.feed.post', false],
    ['wantedCollections=a.b.c&wantedCollections=app.bsky.*', 'a.b.c', true],
  ])('%j: a commit in %s passes: %s', (query, collection, passes) => {
    expect(wanted(legacyOptions(of(query)), collection)).toBe(passes)
  })

  it.each(['app.bsky.fo*', '', 'app', 'not an nsid', '*'])('%j is refused', (value) => {
    const query = new URLSearchParams({ wantedCollections: value })
    expect(() => legacyOptions(query)).toThrow(`invalid collection: ${value}`)
  })

  it('at most 100 are taken, without counting repetitions', () => {
    const names = (count: number) =>
      Array.from({ length: count }, (_, i) => `wantedCollections=a.b.c${i}`).join('&')
    expect(legacyOptions(of(`${names(100)}&${names(100)}`)).filter.collections?.nsids.size).toBe(
      100,
    )
    expect(() => legacyOptions(of(names(101)))).toThrow('too many wanted collections')
  })
})

it('wantedDids: at most 10,000, each a DID', () => {
  const dids = (count: number) => Array.from({ length: count }, (_, i) => `did:plc:a${i}`)
  const message = (wantedDids: string[]) =>
    readClientMessage(JSON.stringify({ type: 'options_update', payload: { wantedDids } }))
  expect(message([...dids(10_000), ...dids(5)])).toMatchObject({ kind: 'options' })
  expect(message(dids(10_001))).toMatchObject({ kind: 'refused', why: 'invalid_options' })
  expect(() => legacyOptions(of('wantedDids=alice'))).toThrow('invalid DID: alice')
})

it('identity and account events pass a filter by collection, and obey one by account', () => {
  const byCollection = legacyOptions(of('wantedCollections=a.b.c'))
  const byOther = legacyOptions(of('wantedCollections=a.b.c&wantedDids=did:plc:bob'))
  expect(wants(byCollection.filter, identity)).toBe(true)
  expect(wants(byOther.filter, identity)).toBe(false)
  expect(wanted(byOther, 'a.b.c')).toBe(false)
  const own = legacyOptions(of(`wantedCollections=a.b.c&wantedDids=${did}`))
  expect(['a.b.c', 'a.b.d'].map((name) => wanted(own, name))).toEqual([true, false])
})

it.each([
  ['', 0],
  ['0', 0],
  ['-1', 0],
  ['abc', 0],
  ['99999999999', 0],
  ['200', 200],
])('maxMessageSizeBytes=%s of /subscribe means %i', (value, bytes) => {
  expect(legacyOptions(of(`maxMessageSizeBytes=${value}`)).maxMessageBytes).toBe(bytes)
})

describe('messages of clients', () => {
  const update = (payload: unknown) => JSON.stringify({ type: 'options_update', payload })

  it('options_update replaces all options: what is missing or empty matches everything', () => {
    for (const payload of [{}, null, { wantedDids: [], wantedCollections: null }]) {
      const message = readClientMessage(update(payload))
      expect(message).toEqual({ kind: 'options', options: { filter: {}, maxMessageBytes: 0 } })
    }
    const message = readClientMessage(update({ wantedDids: [did], maxMessageSizeBytes: 9 }))
    const options = { filter: { dids: new Set([did]) }, maxMessageBytes: 9 }
    expect(message).toEqual({ kind: 'options', options })
  })

  it.each([
    ['no JSON', 'bad_envelope_json'],
    ['[]', 'bad_envelope_json'],
    ['{"type":5}', 'bad_envelope_json'],
    ['{"type":"options_update"}', 'bad_payload_json'],
    [update('x'), 'bad_payload_json'],
    [update({ wantedDids: 'x' }), 'bad_payload_json'],
    [update({ wantedDids: [1] }), 'bad_payload_json'],
    [update({ maxMessageSizeBytes: 1.5 }), 'bad_payload_json'],
    [update({ wantedCollections: ['x*'] }), 'invalid_options'],
  ])('%s is refused as %s', (text, why) => {
    expect(readClientMessage(text)).toMatchObject({ kind: 'refused', why })
  })

  it.each(['{"type":"unknown"}', '{}', 'null'])('%s is ignored', (text) => {
    expect(readClientMessage(text)).toEqual({ kind: 'ignored' })
  })
})

describe('subscribeEvents', () => {
  it.each([
    ['', [true, true, true]],
    ['collections=a.b.c', [true, false, true]],
    ['kinds=commit&collections=a.b.*', [true, false, false]],
    ['kinds=commit', [true, true, false]],
    ['kinds=sync&kinds=identity', [false, false, true]],
    [`dids=${did}`, [true, true, true]],
    ['dids=did:plc:bob', [false, false, false]],
  ])('%j: which of two commits and #sync pass', (query, expected) => {
    const { filter } = eventsOptions(of(query))
    const passes = [inCollection('a.b.c'), inCollection('x.y.z'), sync].map((event) =>
      wants(filter, event),
    )
    expect(passes).toEqual(expected)
  })

  it.each([
    ['kinds=post', 'unknown kind post'],
    ['kinds=commit&kinds=sync&kinds=commit&kinds=sync&kinds=commit', 'too many kinds'],
    ['kinds=identity&collections=a.b.c', 'collections can never apply'],
    ['collections=a.*', 'invalid collection wildcard: a.*'],
    ['collections=not_an_nsid.*', 'invalid collection wildcard'],
    ['wantedDids=did:plc:alice', 'use dids'],
    ['wantedCollections=a.b.c', 'use collections'],
    ['requireHello=true', 'takes no messages'],
    ['maxMessageSizeBytes=', 'unsigned 32-bit integer'],
    ['maxMessageSizeBytes=-1', 'unsigned 32-bit integer'],
    ['maxMessageSizeBytes=4294967296', 'unsigned 32-bit integer'],
    ['maxMessageSizeBytes=1&maxMessageSizeBytes=2', 'unsigned 32-bit integer'],
  ])('%s is refused: %s', (query, message) => {
    expect(() => eventsOptions(of(query))).toThrow(message)
  })
})

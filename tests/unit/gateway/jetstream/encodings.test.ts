import { expect, it } from 'vitest'
import { Batch } from '#src/gateway/events/batch.ts'
import { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { eventsEncoding, legacyEncoding } from '#src/gateway/jetstream/encodings.ts'
import { projectedCommit } from '#tests/support/events.ts'

const did = 'did:plc:alice'
const seq = 1_790_000_000_000_007
const time = '2026-09-21T14:13:20.000Z'
const link = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const read = (text: string | undefined) => (text === undefined ? undefined : JSON.parse(text))

it('a commit: the record in the JSON of the data model, none for a delete', () => {
  const record = { text: 'naïve "quotes"\n', n: -5, list: [true, null] }
  const [created, deleted] = projectedCommit(
    did,
    [
      { path: 'a.b.c/1', record },
      { action: 'delete', path: 'a.b.c/2' },
    ],
    seq,
  )
  const commit = { rev: 'rev1', operation: 'create', collection: 'a.b.c', rkey: '1' }
  const cid = created!.commit!.cid!
  expect(read(legacyEncoding.encode(created!))).toEqual({
    ...{ did, time_us: seq - 1, kind: 'commit' },
    commit: { ...commit, record, cid },
  })
  expect(read(legacyEncoding.encode(deleted!))).toEqual({
    ...{ did, time_us: seq, kind: 'commit' },
    commit: { ...commit, operation: 'delete', rkey: '2' },
  })
  expect(read(eventsEncoding.encode(created!))).toEqual({
    $type: 'message',
    payload: {
      $type: 'network.bsky.jetstream.subscribeEvents#commit',
      ...{ seq: seq - 1, did, time: '2026-09-21T14:13:20.000006Z' },
      ...{ ...commit, record, cid },
    },
  })
})

it('identity and account events: the event of the firehose within', () => {
  const identity = new StreamEvent({
    ...{ seq, did, time, kind: 'identity', identity: { handle: 'alice.test' } },
  })
  const content = { did, handle: 'alice.test', seq, time }
  expect(read(legacyEncoding.encode(identity))).toEqual({
    ...{ did, time_us: seq, kind: 'identity', identity: content },
  })
  expect(read(eventsEncoding.encode(identity)).payload.identity).toEqual(content)
  const account = (fields: { active: boolean; status?: string }) =>
    read(
      legacyEncoding.encode(new StreamEvent({ seq, did, time, kind: 'account', account: fields })),
    ).account
  expect(account({ active: true })).toEqual({ active: true, did, seq, time })
  const status = 'takendown'
  expect(account({ active: false, status })).toEqual({ active: false, status, did, seq, time })
})

it('#sync is sent by subscribeEvents alone, private events by neither', () => {
  const sync = new StreamEvent({
    ...{ seq, did, time, kind: 'sync', sync: { rev: 'r', blocks: Uint8Array.of(1, 2, 3, 4) } },
  })
  expect(legacyEncoding.encode(sync)).toBeUndefined()
  expect(read(eventsEncoding.encode(sync)).payload.sync).toEqual({
    ...{ blocks: { $bytes: 'AQIDBA' }, did, rev: 'r', seq, time },
  })
  for (const kind of ['session', 'commit', 'identity']) {
    const event = new StreamEvent({ seq, did, time, kind, isPrivate: true, body: '{}' })
    expect([legacyEncoding.encode(event), eventsEncoding.encode(event)]).toEqual([
      undefined,
      undefined,
    ])
  }
})

it('links and bytes of a record are as in the data model', async () => {
  const { parseCid } = await import('@atproto/lex-data')
  const record = { link: parseCid(link), bytes: Uint8Array.of(255) }
  const [event] = projectedCommit(did, [{ path: 'a.b.c/1', record }], seq)
  expect(read(legacyEncoding.encode(event!)).commit.record).toEqual({
    ...{ link: { $link: link }, bytes: { $bytes: '/w' } },
  })
})

it('a message is encoded once, in whatever batches its event is', () => {
  let count = 0
  const encoding = { encode: () => `{"n":${++count}}` }
  const events = projectedCommit(did, [{ path: 'a.b.c/1' }, { path: 'a.b.c/2' }], seq)
  const all = new Batch(events)
  new Batch([events[1]!]).framed(encoding)
  const { bytes, messages, payloadBytes } = all.framed(encoding)
  all.framed(encoding)
  expect(count).toBe(2)
  expect(bytes.toString('latin1')).toBe('\x81\x07{"n":2}\x81\x07{"n":1}')
  expect({ messages, payloadBytes }).toEqual({ messages: 2, payloadBytes: 14 })
})

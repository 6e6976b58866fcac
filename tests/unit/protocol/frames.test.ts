import { expect, it } from 'vitest'
import { errorFrame, eventBody, frame, infoFrame } from '#src/protocol/frames.ts'
import {
  cborIntegers,
  cborLengths,
  encoded,
  expectBytes,
  textsOf,
  type Value,
} from '#tests/support/foreign-encoders.ts'

/** The DAG-CBOR of `{a, seq, zzzz}` without the value of `seq`, as an event is kept. */
const event = Buffer.concat([
  Uint8Array.of(0xa3),
  encoded('a'),
  encoded(true),
  encoded('seq'),
  encoded('zzzz'),
  encoded('x'),
])
const seqAt = event.length - 7

function frameOf(header: Value, body: Value): Uint8Array {
  return Buffer.concat([encoded(header), encoded(body)])
}

it.each(cborIntegers)('frame puts seq %i in its place, as other encoders do', (seq) => {
  const expected = frameOf({ op: 1, t: '#commit' }, { a: true, seq, zzzz: 'x' })
  expectBytes(frame('#commit', event, seqAt, seq), expected)
})

it.each(['#commit', '#sync', '#identity', '#account'])(
  'frame names the kind %s in its header, also the second time',
  (kind) => {
    const expected = frameOf({ op: 1, t: kind }, { a: true, seq: 5, zzzz: 'x' })
    expectBytes(frame(kind, event, seqAt, 5), expected)
    expectBytes(frame(kind, event, seqAt, 5), expected)
  },
)

it.each(cborLengths)('infoFrame carries a message of %i bytes, as other encoders do', (length) => {
  for (const message of textsOf(length)) {
    const expected = frameOf({ op: 1, t: '#info' }, { name: 'OutdatedCursor', message })
    expectBytes(infoFrame('OutdatedCursor', message), expected)
  }
})

it.each(cborLengths)('errorFrame carries a message of %i bytes, as other encoders do', (length) => {
  for (const message of textsOf(length)) {
    const expected = frameOf({ op: -1 }, { error: 'FutureCursor', message })
    expectBytes(errorFrame('FutureCursor', message), expected)
  }
})

it('eventBody has 0 in the place of the seq that an event gets later', () => {
  expect(eventBody(event, seqAt)).toEqual({ a: true, seq: 0, zzzz: 'x' })
})

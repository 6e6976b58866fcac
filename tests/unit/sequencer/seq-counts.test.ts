/** How many seqs an event takes: a commit one for each operation, anything else one. */
import { expect, it } from 'vitest'
import { CborWriter } from '#src/protocol/cbor.ts'
import { countOps } from '#src/protocol/events.ts'
import { append, read } from '#src/sequencer/log.ts'
import {
  accountEntry,
  commitEntry,
  readFrame,
  startTime,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

const did = 'did:plc:alice'
const start = startTime * 1_000

it('a commit takes a number for each operation, and its frame has the last one', async () => {
  const sequencer = testSequencer()
  const entries = [
    commitEntry(1, did, 'a', 10, 3),
    accountEntry(2, did),
    commitEntry(3, did, 'b', 10, 200),
  ]
  await append(sequencer, { did, entries })
  const expected = [
    [start + 3, 3],
    [start + 4, 1],
    [start + 204, 200],
  ]
  const page = { after: start, limit: 9 }
  for (const opened of [sequencer, sequencer.reopen()]) {
    const { events } = await read(opened, page)
    expect(events.map((event) => [event.seq, event.seqCount])).toEqual(expected)
    expect(events.map(({ frame }) => readFrame(frame).seq)).toEqual(expected.map(([seq]) => seq))
  }
})

it('a commit without operations takes one number', async () => {
  const sequencer = testSequencer()
  await append(sequencer, { did, entries: [commitEntry(1, did, 'a'), accountEntry(2, did)] })
  const { events } = await read(sequencer, { after: start, limit: 9 })
  expect(events.map(({ seq, seqCount }) => [seq, seqCount])).toEqual([
    [start + 1, 1],
    [start + 2, 1],
  ])
})

it('a reader whose cursor is one of the seqs of a commit gets the commit', async () => {
  const sequencer = testSequencer()
  await append(sequencer, { did, entries: [commitEntry(1, did, 'a', 10, 3)] })
  const { events } = await read(sequencer, { after: start + 2, limit: 9 })
  expect(events.map(({ seq }) => seq)).toEqual([start + 3])
})

it.each([0, 1, 23, 24, 200, 255, 256, 300])('counts %d operations', (operations) => {
  expect(countOps(commitEntry(1, did, 'a', 10, operations))).toBe(operations)
})

it('counts operations wherever they stand in the event, which another release may have encoded', () => {
  const writer = new CborWriter().map(3).text('did').text(did).text('seq')
  const seqAt = writer.length
  const event = writer.text('ops').array(2).text('a').text('b').take()
  expect(countOps({ event, seqAt })).toBe(2)
})

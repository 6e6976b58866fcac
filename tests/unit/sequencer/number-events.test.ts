import { describe, expect, it } from 'vitest'
import { CborWriter } from '#src/protocol/cbor.ts'
import { encodeAccountEvent } from '#src/protocol/events.ts'
import { numberEvents, type OutboxEntry } from '#src/sequencer/number-events.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const time = '2026-01-01T00:00:00.000Z'

function erased(entry: Omit<OutboxEntry, 'id'>): boolean {
  const position = { outboxId: 0, lastSeq: 5 }
  const delivery = { did, entries: [{ ...entry, id: 1 }], privateEntries: [] }
  return numberEvents(
    [delivery],
    { ofEvents: () => position, ofPrivateEvents: () => position },
    10,
  ).erased.has(did)
}

describe('the end of an account', () => {
  it('is told by the status of its event', () => {
    expect(erased(encodeAccountEvent({ did, time, active: false, status: 'deleted' }))).toBe(true)
    expect(erased(encodeAccountEvent({ did, time, active: false, status: 'takendown' }))).toBe(
      false,
    )
    expect(erased(encodeAccountEvent({ did, time, active: true }))).toBe(false)
  })

  it('is told wherever the status stands in the event, which another release may have encoded', () => {
    const writer = new CborWriter().map(6).text('did').text(did).text('seq')
    const seqAt = writer.length
    const event = writer
      .text('time')
      .text(time)
      .text('active')
      .bool(false)
      .text('status')
      .text('deleted')
      .text('zfuture')
      .text('more')
      .take()
    expect(erased({ kind: '#account', event, seqAt })).toBe(true)
  })
})

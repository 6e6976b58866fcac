import fc from 'fast-check'
import { expect, it } from 'vitest'
import { append, appendPrivate, follow, type LogPage } from '#src/sequencer/log.ts'
import {
  commitEntry,
  privateEntry,
  readFrame,
  startTime,
  type TestSequencer,
  testSequencer,
} from '#tests/support/test-sequencer.ts'

/** What can happen to a sequencer, and to the accounts that deliver to it. */
type Step =
  | { kind: 'write'; account: number; events: number }
  /** Delivers the outbox from its `from`th row on back, that is, also what was acknowledged. */
  | { kind: 'deliver'; account: number; again: number }
  | { kind: 'fail'; when: 'before' | 'after' }
  | { kind: 'clock'; by: number }
  | { kind: 'follow'; limit: number }
  | { kind: 'turns'; count: number }
  | { kind: 'restart' }

const account = fc.nat({ max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write'),
      account,
      events: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deliver'), account, again: fc.nat({ max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fail'), when: fc.constantFrom('before', 'after') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('clock'),
      by: fc.integer({ min: -5_000, max: 5_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('follow'), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('turns'), count: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
) as fc.Arbitrary<Step>

/** Less than any step of the clock back, so that no follower waits. */
const NEVER_MS = -1e9

/** Operations of an account's nth event. */
const operationsOf = (id: number): number => id % 4

/** One of an account's two outboxes: everything it ever wrote, and how far it was acknowledged. */
class Outbox {
  readonly did: string
  readonly isPrivate: boolean
  written = 0
  acknowledged = 0

  constructor(did: string, isPrivate: boolean) {
    this.did = did
    this.isPrivate = isPrivate
  }

  /** Delivers what was written after the event `after`; returns how far the log has it, and how many it has. */
  async deliver(
    sequencer: TestSequencer,
    after: number,
  ): Promise<{ through: number; count: number }> {
    const { did, isPrivate } = this
    const ids = Array.from({ length: this.written - after }, (_, i) => after + i + 1)
    const commits = () => ids.map((id) => commitEntry(id, did, 'rev', 10, operationsOf(id)))
    const { through } = isPrivate
      ? await appendPrivate(sequencer, { did, entries: ids.map((id) => privateEntry(id)) })
      : await append(sequencer, { did, entries: commits() })
    const table = isPrivate ? 'private_log' : 'log'
    const counted = await sequencer.sql.first<{ count: number }>(
      `SELECT count(*) AS count FROM ${table} WHERE did = ?`,
      did,
    )
    return { through, count: counted!.count }
  }
}

interface Received {
  seq: number
  seqCount: number
  did: string
  id: number
  isPrivate: boolean
}

function receivedOf({ events, privateEvents = [] }: LogPage): Received[] {
  const all = [
    ...events.map(({ seq, seqCount = 1, frame }) => {
      return { ...readFrame(frame), seq, seqCount, isPrivate: false }
    }),
    ...privateEvents.map(({ seq, did, body }) => {
      return { seq, seqCount: 1, did, id: JSON.parse(body).id as number, isPrivate: true }
    }),
  ]
  return all.toSorted((a, b) => a.seq - b.seq)
}

async function play(steps: readonly Step[]) {
  let faults: ('before' | 'after')[] = []
  let sequencer = testSequencer({
    onBatch: async (when) => {
      await Promise.resolve()
      if (faults[0] === when) {
        faults.shift()
        throw new Error(`fault ${when}`)
      }
    },
  })
  const outboxes = [0, 1, 2].flatMap((n) => {
    return [false, true].map((isPrivate) => new Outbox(`did:plc:${n}`, isPrivate))
  })
  const received: Received[] = []
  const open: Promise<unknown>[] = []
  let now = startTime
  let acknowledgedTooSoon = 0

  async function deliver(from: Outbox, again: number): Promise<void> {
    const after = Math.max(0, from.acknowledged - again)
    if (after === from.written) return
    const { through, count } = await from.deliver(sequencer, after)
    if (count < through) acknowledgedTooSoon++
    from.acknowledged = Math.max(from.acknowledged, through)
  }

  async function receive(limit: number): Promise<number> {
    const after = received.at(-1)?.seq ?? 0
    const page = await follow(sequencer, { after, waitMs: NEVER_MS, includePrivate: true })
    // A follower may take less than it is sent.
    const events = receivedOf(page).slice(0, limit)
    // Two reads may run at the same time; the later one returns the same events again.
    const last = received.at(-1)?.seq ?? 0
    for (const event of events) if (event.seq > last) received.push(event)
    return events.length
  }

  for (const step of steps) {
    if (step.kind === 'write') outboxes[step.account]!.written += step.events
    if (step.kind === 'deliver') {
      open.push(deliver(outboxes[step.account]!, step.again).catch(() => {}))
    }
    if (step.kind === 'fail') faults.push(step.when)
    if (step.kind === 'clock') {
      now += step.by
      sequencer.setTime(now)
    }
    if (step.kind === 'follow') open.push(receive(step.limit))
    if (step.kind === 'turns') for (let i = 0; i < step.count; i++) await Promise.resolve()
    if (step.kind === 'restart') {
      // Calls in progress have taken effect, or have not, before the next activation wakes.
      await Promise.all(open.splice(0))
      sequencer = sequencer.reopen()
    }
  }
  await Promise.all(open)
  faults = []
  for (const outbox of outboxes) await deliver(outbox, 2)
  while ((await receive(3)) > 0);
  return { sequencer, outboxes, received, acknowledgedTooSoon }
}

it('logs every event exactly once and in order, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const { sequencer, outboxes, received, acknowledgedTooSoon } = await play(steps)
      const log = await sequencer.sql.all<{ seq: number; frame: Uint8Array }>(
        'SELECT seq, frame FROM log ORDER BY seq',
      )
      expect(log.map(({ frame }) => readFrame(frame).seq)).toEqual(log.map(({ seq }) => seq))
      for (const { did, isPrivate, written, acknowledged } of outboxes) {
        // A follower that was there all along received each event once, in order.
        const own = received.filter((event) => event.did === did && event.isPrivate === isPrivate)
        const ids = Array.from({ length: written }, (_, i) => i + 1)
        expect(own.map(({ id }) => id)).toEqual(ids)
        expect(acknowledged).toBe(written)
        const operations = ids.map((id) => (isPrivate ? 1 : Math.max(1, operationsOf(id))))
        expect(own.map(({ seqCount }) => seqCount)).toEqual(operations)
      }
      expect(acknowledgedTooSoon).toBe(0)
      // No two events have a number in common.
      const overlaps = received.filter(({ seq, seqCount }, i) => {
        return i > 0 && seq - seqCount < received[i - 1]!.seq
      })
      expect(overlaps).toEqual([])
      // The tables have the same as what it received from memory.
      const stored = await storedEvents(sequencer.reopen())
      expect(stored).toEqual(received)
    }),
    { numRuns: 300 },
  )
})

async function storedEvents(sequencer: TestSequencer): Promise<Received[]> {
  const stored: Received[] = []
  for (let after = 0; ; ) {
    const page = await follow(sequencer, { after, waitMs: NEVER_MS, includePrivate: true })
    const events = receivedOf(page)
    if (events.length === 0) return stored
    stored.push(...events)
    after = page.through!
  }
}

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { append, read } from '#src/sequencer/log.ts'
import { accountEntry, readFrame, startTime, testSequencer } from '#tests/support/test-sequencer.ts'

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

const account = fc.nat({ max: 3 })
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

/** An account's side: everything it ever wrote, and how far it was acknowledged. */
class Account {
  readonly did: string
  written = 0
  acknowledged = 0

  constructor(did: string) {
    this.did = did
  }

  entries(after: number) {
    const count = this.written - after
    return Array.from({ length: count }, (_, i) => accountEntry(after + i + 1, this.did))
  }
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
  const accounts = [0, 1, 2, 3].map((n) => new Account(`did:plc:${n}`))
  const received: { seq: number; did: string; id: number }[] = []
  const open: Promise<unknown>[] = []
  let now = startTime
  let acknowledgedTooSoon = 0

  async function deliver(from: Account, again: number): Promise<void> {
    const entries = from.entries(Math.max(0, from.acknowledged - again))
    if (entries.length === 0) return
    const { through } = await append(sequencer, { did: from.did, entries })
    const { count } = (await sequencer.sql.first<{ count: number }>(
      'SELECT count(*) AS count FROM log WHERE did = ?',
      from.did,
    ))!
    if (count < through) acknowledgedTooSoon++
    from.acknowledged = Math.max(from.acknowledged, through)
  }

  async function receive(limit: number): Promise<number> {
    const after = received.at(-1)?.seq ?? 0
    const { events } = await read(sequencer, { after, limit })
    // Two reads may run at the same time; the later one returns the same events again.
    const last = received.at(-1)?.seq ?? 0
    for (const { seq, frame } of events) if (seq > last) received.push({ ...readFrame(frame), seq })
    return events.length
  }

  for (const step of steps) {
    if (step.kind === 'write') accounts[step.account]!.written += step.events
    if (step.kind === 'deliver') {
      open.push(deliver(accounts[step.account]!, step.again).catch(() => {}))
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
  for (const account of accounts) await deliver(account, 2)
  while ((await receive(3)) > 0);
  return { sequencer, accounts, received, acknowledgedTooSoon }
}

it('logs every event exactly once and in order, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const { sequencer, accounts, received, acknowledgedTooSoon } = await play(steps)
      const rows = await sequencer.sql.all<{ seq: number; did: string; frame: Uint8Array }>(
        'SELECT seq, did, frame FROM log ORDER BY seq',
      )
      const events = rows.map(({ frame }) => readFrame(frame))
      expect(events.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq))
      for (const { did, written, acknowledged } of accounts) {
        const ids = events.filter((event) => event.did === did).map(({ id }) => id)
        expect(ids).toEqual(Array.from({ length: written }, (_, i) => i + 1))
        expect(acknowledged).toBe(written)
      }
      expect(acknowledgedTooSoon).toBe(0)
      // A follower that was there all along received the same, in the same order.
      expect(received.map(({ seq, did, id }) => [seq, did, id])).toEqual(
        events.map(({ seq, did, id }) => [seq, did, id]),
      )
    }),
    { numRuns: 300 },
  )
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FakeLog, flushTasks, testFirehose } from '#tests/support/firehose.ts'

/** What can happen around subscribers that replay, cut over and live. */
type Step =
  | { kind: 'append'; gaps: number[] }
  /** An event that takes some of the earlier ones out of the log. */
  | { kind: 'erase'; which: number }
  | { kind: 'connect'; back: number | null }
  | { kind: 'stall' | 'drain'; peer: number }
  | { kind: 'turns'; count: number }

function weighted<K extends Step['kind']>(weight: number, kind: K, rest: object) {
  return { weight, arbitrary: fc.record({ kind: fc.constant(kind), ...rest }) }
}

const step = fc.oneof(
  weighted(6, 'append', {
    gaps: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  }),
  weighted(1, 'erase', { which: fc.integer({ min: 2, max: 5 }) }),
  weighted(2, 'connect', { back: fc.option(fc.nat({ max: 40 })) }),
  weighted(2, 'stall', { peer: fc.nat() }),
  weighted(2, 'drain', { peer: fc.nat() }),
  weighted(8, 'turns', { count: fc.integer({ min: 1, max: 9 }) }),
) as fc.Arbitrary<Step>

const world = fc.record({
  pageSize: fc.integer({ min: 1, max: 6 }),
  ringFrames: fc.integer({ min: 1, max: 12 }),
  delays: fc.infiniteStream(fc.nat({ max: 3 })),
  steps: fc.array(step, { minLength: 10, maxLength: 80 }),
})

type World = typeof world extends fc.Arbitrary<infer W> ? W : never

async function play({ pageSize, ringFrames, delays, steps }: World) {
  const log = new FakeLog()
  log.pageSize = pageSize
  log.append(1, 2, 3)
  const limits = { frames: ringFrames, bytes: 1e9 }
  const { fanOut, connect } = testFirehose(log, { limits, maxBuffer: 1e9 })
  await fanOut.ready()
  log.delay = () => delays.next().value
  /** Every subscriber, and the range of seqs after which it must receive all events. */
  const peers: { peer: ReturnType<typeof connect>; after: number; atMost: number }[] = []
  const appended = [...log.seqs]
  const append = (seqs: number[]) => {
    appended.push(...seqs)
    log.append(...seqs)
  }
  for (const step of steps) {
    if (step.kind === 'append') {
      let seq = log.head
      append(step.gaps.map((gap) => (seq += gap)))
    }
    if (step.kind === 'erase') {
      log.seqs = log.seqs.filter((seq) => seq % step.which > 0)
      log.erased = log.head + 1
      append([log.erased])
    }
    if (step.kind === 'connect') {
      const cursor = step.back === null ? null : Math.max(0, log.head - step.back)
      const peer = connect(cursor === null ? null : `${cursor}`)
      peers.push({ peer, after: cursor ?? log.head, atMost: cursor ?? fanOut.ring.head })
    }
    const one =
      step.kind === 'stall' || step.kind === 'drain' ? peers[step.peer % peers.length] : undefined
    if (step.kind === 'stall') one?.peer.stall()
    if (step.kind === 'drain') one?.peer.drain()
    if (step.kind === 'turns') for (let n = step.count; n > 0; n--) await Promise.resolve()
  }
  await flushTasks()
  for (const { peer } of peers) peer.drain()
  await flushTasks()
  return { log, peers, appended }
}

it('gives every subscriber every event once, in order, from wherever it begins', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (world) => {
      const { log, peers, appended } = await play(world)
      for (const { peer, after, atMost } of peers) {
        const { seqs } = peer
        expect(peer.closed).toBeUndefined()
        expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
        expect(appended).toEqual(expect.arrayContaining(seqs))
        expect(seqs.filter((seq) => seq <= atMost)).toEqual([])
        // What was erased may have been sent before that; all else must have been.
        const due = log.seqs.filter((seq) => seq > after)
        expect(due.filter((seq) => !seqs.includes(seq))).toEqual([])
      }
    }),
    { numRuns: 400 },
  )
})

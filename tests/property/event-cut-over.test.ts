import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type EventFilter, parseCollections, wants } from '#src/gateway/events/filter.ts'
import { projectAll } from '#src/gateway/events/project.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { type TestSink, testEvents } from '#tests/support/events.ts'

const dids = ['did:plc:alice', 'did:plc:bob', 'did:plc:carol']
const collections = ['a.b.c', 'a.b.d', 'x.y.z']
const rules = { maxCollections: 9, maxDids: 9, checkPrefixes: true }

const did = fc.constantFrom(...dids)
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    dids: fc.uniqueArray(did, { minLength: 1 }).map((some) => new Set(some)),
    kinds: fc.constantFrom(new Set(['commit']), new Set(['account', 'session'])),
    collections: fc
      .constantFrom(['a.b.*'], ['a.b.c'], ['x.y.z', 'a.b.d'])
      .map((values) => parseCollections(values, rules)!),
  },
  { requiredKeys: [] },
)

/** What can happen around subscribers that replay, cut over and live. */
type Step =
  | { kind: 'commit'; did: string; collections: string[] }
  | { kind: 'account' | 'delete' | 'private'; did: string }
  | { kind: 'subscribe'; filter: EventFilter; back: number | null; isPrivate: boolean }
  | { kind: 'stall' | 'resume'; which: number }
  | { kind: 'turns'; count: number }

function weighted<K extends Step['kind']>(weight: number, kind: K, rest: object) {
  return { weight, arbitrary: fc.record({ kind: fc.constant(kind), ...rest }) }
}

const step = fc.oneof(
  weighted(6, 'commit', {
    did,
    collections: fc.array(fc.constantFrom(...collections), { minLength: 1, maxLength: 4 }),
  }),
  weighted(1, 'account', { did }),
  weighted(1, 'delete', { did }),
  weighted(2, 'private', { did }),
  weighted(3, 'subscribe', {
    filter,
    back: fc.option(fc.nat({ max: 30 })),
    isPrivate: fc.boolean(),
  }),
  weighted(2, 'stall', { which: fc.nat() }),
  weighted(2, 'resume', { which: fc.nat() }),
  weighted(6, 'turns', { count: fc.integer({ min: 1, max: 12 }) }),
) as fc.Arbitrary<Step>

const world = fc.record({
  ringEvents: fc.integer({ min: 1, max: 12 }),
  steps: fc.array(step, { minLength: 10, maxLength: 60 }),
})

type World = typeof world extends fc.Arbitrary<infer W> ? W : never

interface Peer {
  filter: EventFilter
  includePrivate: boolean
  after: number
  sink: TestSink
  resume(): void
}

async function play({ ringEvents, steps }: World) {
  const server = await testEvents({ limits: { events: ringEvents, bytes: 1e9 } })
  const { sequencer, events, source } = server
  const appended: StreamEvent[] = []
  /** Events of an account up to its deletion may be missing. */
  const deletedAt = new Map<string, number>()
  const peers: Peer[] = []
  async function note(): Promise<void> {
    const after = appended.at(-1)?.seq ?? 0
    const through = sequencer.tail.head
    const page = await source.readAccounts({
      ...{ dids, after, through, limit: 500, includePrivate: true },
    })
    appended.push(...projectAll(page.events, page.privateEvents))
  }
  for (const step of steps) {
    switch (step.kind) {
      case 'commit':
        await server.commit(
          step.did,
          ...step.collections.map((name, i) => ({ path: `${name}/${appended.length}-${i}` })),
        )
        await note()
        break
      case 'account':
        await server.account(step.did)
        await note()
        break
      case 'delete':
        await server.account(step.did, 'deleted')
        // It may be created again, and the directory has nothing of the deleted one.
        server.statuses.delete(step.did)
        await note()
        deletedAt.set(step.did, appended.at(-1)!.seq)
        break
      case 'private':
        await server.addPrivate(step.did, '#session', { change: 'created' })
        await note()
        break
      case 'subscribe': {
        const includePrivate = step.isPrivate && step.filter.dids !== undefined
        const cursor = step.back === null ? undefined : (appended.at(-1 - step.back)?.seq ?? 0)
        const after = cursor ?? events.head
        const rest = { includePrivate, ...(cursor !== undefined && { after: cursor }) }
        const { sink, subscription } = server.subscribe(step.filter, rest)
        const resume = () => {
          sink.hasRoom = true
          subscription.resume()
        }
        peers.push({ filter: step.filter, includePrivate, after, sink, resume })
        break
      }
      case 'turns':
        for (let n = step.count; n > 0; n--) await Promise.resolve()
        break
      default: {
        const peer = peers[step.which % peers.length]
        if (step.kind === 'stall' && peer) peer.sink.hasRoom = false
        else peer?.resume()
      }
    }
  }
  await server.settle()
  for (const { resume } of peers) resume()
  await server.settle()
  await server.close()
  return { appended, deletedAt, peers }
}

it('gives every subscriber each event that its filter wants once, in order, from wherever it begins', async () => {
  await fc.assert(
    fc.asyncProperty(world, async (world) => {
      const { appended, deletedAt, peers } = await play(world)
      for (const { filter, includePrivate, after, sink } of peers) {
        expect({ error: sink.error, isTooSlow: sink.isTooSlow }).toEqual({ isTooSlow: false })
        const { seqs } = sink
        expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
        const wanted = appended.filter((event) => {
          const { seq, isPrivate } = event
          return seq > after && (includePrivate || !isPrivate) && wants(filter, event)
        })
        const mayLack = ({ did, seq }: StreamEvent) => seq < (deletedAt.get(did) ?? 0)
        const due = wanted.filter((event) => !mayLack(event)).map(({ seq }) => seq)
        expect(seqs).toEqual(expect.arrayContaining(due))
        expect(wanted.map(({ seq }) => seq)).toEqual(expect.arrayContaining(seqs))
      }
    }),
    { numRuns: 150 },
  )
})

/** Events of accounts over a sequencer on `node:sqlite`: commits with records, and a subscriber that keeps them. */

import { encode } from '@atproto/lex-cbor'
import type { LexValue } from '@atproto/lex-data'
import type { Batch } from '#src/gateway/events/batch.ts'
import type { EventRingLimits } from '#src/gateway/events/event-ring.ts'
import { EventStream, isHidden } from '#src/gateway/events/event-stream.ts'
import { project } from '#src/gateway/events/project.ts'
import type { EventSource } from '#src/gateway/events/replay.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Sink, Subscription } from '#src/gateway/events/subscription.ts'
import type { WatchedAccountsLimits } from '#src/gateway/events/watched-accounts.ts'
import { FanOut, type LogSource } from '#src/gateway/firehose/fan-out.ts'
import { carFile } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { type CommitOp, encodeCommitEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import { frame } from '#src/protocol/frames.ts'
import { readAccounts } from '#src/sequencer/account-events.ts'
import { append, appendPrivate, bounds, follow, read } from '#src/sequencer/log.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { silent } from '#tests/support/firehose.ts'
import { accountEntry, testSequencer } from '#tests/support/test-sequencer.ts'

export interface TestOp {
  action?: CommitOp['action']
  path: string
  record?: Record<string, unknown>
}

/** A commit event as an account encodes it; the blocks are the records alone. */
export function commitOf(
  id: number,
  did: string,
  ops: readonly TestOp[],
  rev = `rev${id}`,
): OutboxEntry {
  const blocks: [string, Uint8Array][] = []
  const encoded = ops.map(({ action = 'create', path, record }): CommitOp => {
    if (action === 'delete') return { action, path, cid: null }
    const bytes = encode((record ?? { $type: path.split('/')[0]!, n: id }) as LexValue)
    const cid = cidForCbor(bytes)
    blocks.push([cid, bytes])
    return { action, path, cid }
  })
  const root = cidForCbor(encode({ id }))
  const event = encodeCommitEvent({
    ...{ did, rev, commit: root, since: null, prevData: null, ops: encoded },
    time: new Date(1_700_000_000_000 + id).toISOString(),
    blocks: carFile(root, blocks),
  })
  return { id, ...event, head: root, rev }
}

export function sourceOf(sequencer: Sequencer): LogSource & EventSource {
  return {
    bounds: () => bounds(sequencer),
    read: (query) => read(sequencer, query),
    readAccounts: (query) => readAccounts(sequencer, query),
    follow: (query) => follow(sequencer, query),
  }
}

/** A subscriber whose connection has room, until `stall` is called. */
export class TestSink implements Sink {
  readonly events: StreamEvent[] = []
  readonly batches: Batch[] = []
  caughtUpAt: number | undefined
  gap: { from: number; to: number } | undefined
  isTooSlow = false
  error: unknown
  hasRoom = true

  send(batch: Batch): boolean {
    this.batches.push(batch)
    this.events.push(...batch.events)
    return this.hasRoom
  }

  onCaughtUp(seq: number): void {
    this.caughtUpAt = seq
  }

  onGap(gap: { from: number; to: number }): void {
    this.gap = gap
  }

  onTooSlow(): void {
    this.isTooSlow = true
  }

  onError(error: unknown): void {
    this.error = error
  }

  get seqs(): number[] {
    return this.events.map(({ seq }) => seq)
  }

  /** `alice a.b.c/1` or `alice account`. */
  get names(): string[] {
    return this.events.map(({ did, kind, commit }) => {
      const name = did.replace('did:plc:', '')
      return commit ? `${name} ${commit.collection}/${commit.rkey}` : `${name} ${kind}`
    })
  }
}

/** A gateway's event stream over a sequencer of its own. */
export async function testEvents(
  options: {
    limits?: EventRingLimits
    backfillMs?: number
    watchedAccounts?: WatchedAccountsLimits
  } = {},
) {
  const { limits, backfillMs, watchedAccounts } = options
  const sequencer = testSequencer(backfillMs === undefined ? {} : { backfillMs })
  const source = sourceOf(sequencer)
  const statuses = new Map<string, string>()
  const fanOut = new FanOut({ source, log: silent })
  const findHidden = async (dids: readonly string[]) =>
    new Set(dids.filter((did) => isHidden(statuses.get(did))))
  const events = new EventStream({
    fanOut,
    source,
    findHidden,
    ...(limits && { limits }),
    ...(watchedAccounts && { watchedAccounts }),
  })
  void fanOut.run()
  await events.ready()
  let id = 0
  const lastIds = new Map<string, number>()

  async function add(did: string, make: (id: number) => OutboxEntry): Promise<void> {
    id += 1
    lastIds.set(did, id)
    await append(sequencer, { did, entries: [make(id)] })
  }

  function subscribe(
    filter: Parameters<EventStream['subscribe']>[0]['filter'] = {},
    rest: { after?: number; includePrivate?: boolean; address?: string } = {},
  ): { sink: TestSink; subscription: Subscription } {
    const sink = new TestSink()
    return { sink, subscription: events.subscribe({ filter, sink, ...rest }) }
  }

  /** Until the process has heard, and passed on, all that is in the log. */
  async function settle(): Promise<void> {
    for (let n = 0; n < 20 || events.head < sequencer.tail.head; n++) {
      if (n > 2_000) throw new Error('the events did not arrive')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    ...{ sequencer, events, fanOut, source, statuses, subscribe, settle },
    commit: (did: string, ...ops: TestOp[]) => add(did, (n) => commitOf(n, did, ops)),
    identity: (did: string, handle?: string) =>
      add(did, (n) => {
        const time = new Date(1_700_000_000_000 + n).toISOString()
        return { id: n, ...encodeIdentityEvent({ did, time, ...(handle && { handle }) }) }
      }),
    async account(did: string, status?: string) {
      if (status !== undefined) statuses.set(did, status)
      else statuses.delete(did)
      await add(did, (n) => accountEntry(n, did, status))
    },
    async addPrivate(did: string, kind: string, body: object, subject?: string) {
      id += 1
      const entry = { id, kind, time: 1_700_000_000_000 + id, body: JSON.stringify(body) }
      const entries = [subject === undefined ? entry : { ...entry, subject }]
      await appendPrivate(sequencer, { did, entries })
    },
    async close() {
      fanOut.close()
    },
  }
}

/** The events of one commit, whose last number is `seq`. */
export function projectedCommit(did: string, ops: readonly TestOp[], seq = 1_000): StreamEvent[] {
  const { kind, event, seqAt } = commitOf(1, did, ops)
  return project({ seq, seqCount: ops.length, frame: frame(kind, event, seqAt, seq) })
}

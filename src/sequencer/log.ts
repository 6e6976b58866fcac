/** The log of the firehose: accounts append to it, gateways follow it and read back in it. */
import { invalidRequest } from '#src/errors.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { readStoredEvents } from '#src/sequencer/stored-events.ts'
import type { LogEdges, LogEvent } from '#src/sequencer/tail.ts'

/** Events in order, and where the log ended when they were read. */
export interface LogPage extends LogEdges {
  events: LogEvent[]
}

/** A page crosses the engine in one message. */
const PAGE_BYTES = 512 * 1024
const FOLLOW_EVENTS = 500

/**
 * Logs what an account's outbox holds; entries that are in the log already are dropped, so a delivery may be repeated.
 * Resolves with the highest outbox id that is durably there. Fails with whatever the transaction failed with.
 */
export async function append(
  { lane }: Sequencer,
  { did, entries }: { did: string; entries: readonly OutboxEntry[] },
): Promise<{ through: number }> {
  const disordered = entries.some(({ id }, i) => i > 0 && id <= entries[i - 1]!.id)
  // A lower id after a higher would be taken for a repetition, and be lost.
  if (disordered) throw invalidRequest('outbox ids must rise')
  return { through: await lane.append({ did, entries }) }
}

/** The events after a seq: at most `limit`, and at most 512 KiB of them but at least one. */
export async function read(
  { sql, tail }: Sequencer,
  { after, limit }: { after: number; limit: number },
): Promise<LogPage> {
  await tail.ready()
  // The head from before, the edges from after: a page may hold more than it says, never less.
  const { head } = tail
  const events =
    tail.since(after, limit, PAGE_BYTES) ??
    (await readStoredEvents(sql, { after, limit, maxBytes: PAGE_BYTES }))
  return { events, head, trimmed: tail.trimmed, erased: tail.erased }
}

/**
 * As `read`, but where there is nothing yet, waits for it; after `waitMs` the page is empty. `isHeard`: somebody waits
 * behind the follower.
 */
export async function follow(
  sequencer: Sequencer,
  {
    after,
    waitMs,
    hasSubscribers: isHeard = false,
  }: { after: number; waitMs: number; hasSubscribers?: boolean },
): Promise<LogPage> {
  const { tail, clock } = sequencer
  const until = clock.now() + waitMs
  const unheard = isHeard ? sequencer.holdSubscribed() : () => {}
  try {
    let page = await read(sequencer, { after, limit: FOLLOW_EVENTS })
    while (page.events.length === 0 && !tail.closed) {
      const left = until - clock.now()
      if (left <= 0) break
      const empty = Math.max(after, page.head)
      await tail.waitPast(empty, left)
      page = await read(sequencer, { after: empty, limit: FOLLOW_EVENTS })
    }
    return page
  } finally {
    unheard()
  }
}

/**
 * What a cursor may ask for: from `first` on nothing is missing; before it there were events that are out of the
 * backfill window. A cursor beyond `head` lies in the future.
 */
export async function bounds({ sql, clock, backfillMs, tail }: Sequencer): Promise<{
  first: number
  head: number
}> {
  await tail.ready()
  const edge = (clock.now() - backfillMs) * 1_000
  const old = await sql.first<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM log WHERE seq < ?',
    edge,
  )
  return { first: Math.max(tail.trimmed, old?.seq ?? 0) + 1, head: tail.head }
}

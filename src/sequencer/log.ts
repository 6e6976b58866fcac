/** The firehose log: accounts append to it, gateways follow it and read older pages. */
import { invalidRequest } from '#src/errors.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { readStoredEvents } from '#src/sequencer/stored-events.ts'
import type { LogEdges, LogEvent } from '#src/sequencer/tail.ts'

export interface LogPage extends LogEdges {
  events: LogEvent[]
}

// A page is one message through the engine.
const PAGE_BYTES = 512 * 1024
const FOLLOW_EVENTS = 500

/**
 * Idempotent: entries already in the log are dropped. Resolves with the highest outbox id of the account that is
 * durably in the log. Rejects with the error of the transaction.
 */
export async function append(
  { lane }: Sequencer,
  { did, entries }: { did: string; entries: readonly OutboxEntry[] },
): Promise<{ through: number }> {
  const isOutOfOrder = entries.some(({ id }, i) => i > 0 && id <= entries[i - 1]!.id)
  // A lower id after a higher one would be dropped as a repetition.
  if (isOutOfOrder) throw invalidRequest('outbox ids must increase')
  return { through: await lane.append({ did, entries }) }
}

/** At most `limit` events and 512 KiB, but at least one event. */
export async function read(
  { sql, tail }: Sequencer,
  { after, limit }: { after: number; limit: number },
): Promise<LogPage> {
  await tail.ready()
  // `head` from before the read, the edges from after it. Later events may be in the table without being durable.
  const { head } = tail
  const events =
    tail.since(after, limit, PAGE_BYTES) ??
    (await readStoredEvents(sql, { after, through: head, limit, maxBytes: PAGE_BYTES }))
  return { events, head, trimmed: tail.trimmed, erased: tail.erased }
}

/**
 * Like `read`, but waits for an event; after `waitMs` the page is empty. `hasSubscribers`: whether the following
 * gateway has subscribers of its own.
 */
export async function follow(
  sequencer: Sequencer,
  {
    after,
    waitMs,
    hasSubscribers = false,
  }: { after: number; waitMs: number; hasSubscribers?: boolean },
): Promise<LogPage> {
  const { tail, clock } = sequencer
  const deadline = clock.now() + waitMs
  const release = hasSubscribers ? sequencer.holdSubscribed() : () => {}
  try {
    let page = await read(sequencer, { after, limit: FOLLOW_EVENTS })
    while (page.events.length === 0 && !tail.closed) {
      const remainingMs = deadline - clock.now()
      if (remainingMs <= 0) break
      const position = Math.max(after, page.head)
      await tail.waitPast(position, remainingMs)
      page = await read(sequencer, { after: position, limit: FOLLOW_EVENTS })
    }
    return page
  } finally {
    release()
  }
}

/**
 * The range of valid cursors. From `first` on no event is missing; earlier ones are outside the backfill window. A
 * cursor beyond `head` is in the future.
 */
export async function bounds({ sql, clock, backfillMs, tail }: Sequencer): Promise<{
  first: number
  head: number
}> {
  await tail.ready()
  const windowStart = (clock.now() - backfillMs) * 1_000
  const lastBefore = await sql.first<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM log WHERE seq < ?',
    windowStart,
  )
  return { first: Math.max(tail.trimmed, lastBefore?.seq ?? 0) + 1, head: tail.head }
}

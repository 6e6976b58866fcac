/** The logs of events: accounts append to them, gateways follow them and read older pages. */
import { invalidRequest } from '#src/errors.ts'
import type { OutboxEntry } from '#src/sequencer/number-events.ts'
import type { PrivateEntry, PrivateEvent } from '#src/sequencer/private-log.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { PAGE_BYTES, readStoredPage } from '#src/sequencer/stored-page.ts'
import type { LogEdges, LogEvent, TailPage } from '#src/sequencer/tail.ts'

export interface LogPage extends LogEdges {
  events: LogEvent[]
  /** Those with a seq up to `through`; only if they were asked for. */
  privateEvents?: PrivateEvent[]
  /** Seq up to which the page has all events of both kinds. */
  through?: number
}

const FOLLOW_EVENTS = 500

/**
 * Idempotent: entries already in the log are dropped. Resolves with the highest outbox id of the account that is
 * durably in the log. Rejects with the error of the transaction.
 */
export async function append(
  { lane }: Sequencer,
  { did, entries }: { did: string; entries: readonly OutboxEntry[] },
): Promise<{ through: number }> {
  mustIncrease(entries)
  const { events } = await lane.append({ did, entries, privateEntries: [] })
  return { through: events }
}

/** As `append`, for the account's private events, whose ids are independent of those of its other events. */
export async function appendPrivate(
  { lane }: Sequencer,
  { did, entries }: { did: string; entries: readonly PrivateEntry[] },
): Promise<{ through: number }> {
  mustIncrease(entries)
  const { privateEvents } = await lane.append({ did, entries: [], privateEntries: entries })
  return { through: privateEvents }
}

/** A lower id after a higher one would be dropped as a repetition. */
function mustIncrease(entries: readonly { id: number }[]): void {
  const isOutOfOrder = entries.some(({ id }, i) => i > 0 && id <= entries[i - 1]!.id)
  if (isOutOfOrder) throw invalidRequest('outbox ids must increase')
}

/** At most `limit` events and 512 KiB, but at least one event. */
export async function read(
  sequencer: Sequencer,
  { after, limit }: { after: number; limit: number },
): Promise<LogPage> {
  const { events, head, trimmed, erased } = await readPage(sequencer, { after, limit })
  return { events, head, trimmed, erased }
}

interface PageRequest {
  after: number
  limit: number
  includePrivate?: boolean
}

async function readPage(
  { sql, tail }: Sequencer,
  { after, limit, includePrivate = false }: PageRequest,
): Promise<LogPage & TailPage> {
  await tail.ready()
  // `head` from before the read, the edges from after it. Later events may be in the table without being durable.
  const { head } = tail
  const bounds = { limit, maxBytes: PAGE_BYTES }
  const page =
    tail.since(after, { ...bounds, includePrivate }) ??
    (await readStoredPage(sql, { ...bounds, after, through: head, includePrivate }))
  return { ...page, head, trimmed: tail.trimmed, erased: tail.erased }
}

/**
 * Like `read`, but waits for an event; after `waitMs` the page is empty. `hasSubscribers`: whether the following
 * gateway has subscribers of its own. `includePrivate`: also the private events.
 */
export async function follow(
  sequencer: Sequencer,
  {
    after,
    waitMs,
    hasSubscribers = false,
    includePrivate = false,
  }: { after: number; waitMs: number; hasSubscribers?: boolean; includePrivate?: boolean },
): Promise<LogPage> {
  const { tail, clock } = sequencer
  const deadline = clock.now() + waitMs
  const release = hasSubscribers ? sequencer.holdSubscribed() : () => {}
  try {
    const limit = FOLLOW_EVENTS
    let page = await readPage(sequencer, { after, limit, includePrivate })
    while (page.events.length + page.privateEvents.length === 0 && !tail.closed) {
      const remainingMs = deadline - clock.now()
      if (remainingMs <= 0) break
      const position = Math.max(after, page.head)
      await tail.waitPast(position, remainingMs)
      page = await readPage(sequencer, { after: position, limit, includePrivate })
    }
    if (includePrivate) return page
    const { events, head, trimmed, erased } = page
    return { events, head, trimmed, erased }
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

/** Reads a page of both logs from their tables. */
import type { Sql } from '#src/ports/sql.ts'
import { readPrivateEvents } from '#src/sequencer/private-log.ts'
import {
  type AccountEvent,
  readListedEvents,
  readStoredEvents,
} from '#src/sequencer/stored-events.ts'
import type { TailPage } from '#src/sequencer/tail.ts'

/** Of a page, which is one message through the engine. */
export const PAGE_BYTES = 512 * 1024

export interface PageRange {
  /** Seq: only later events. */
  after: number
  /** Seq: none later than this one. */
  through: number
  limit: number
  maxBytes: number
  includePrivate: boolean
  /** Only events of these accounts, of which those in the log have the seqs `seqs`. */
  accounts?: { dids: readonly string[]; seqs: readonly number[] }
}

export interface StoredPage extends TailPage {
  events: AccountEvent[]
}

export async function readStoredPage(sql: Sql, range: PageRange): Promise<StoredPage> {
  const { after, limit, maxBytes, accounts, includePrivate } = range
  const events = await (accounts === undefined
    ? readStoredEvents(sql, range)
    : readListedEvents(sql, accounts.seqs, range))
  // There may be more events if the page has any: it ends with the last one.
  const through = events.at(-1)?.seq ?? range.through
  if (!includePrivate) return { events, privateEvents: [], through }
  const { events: privateEvents, isComplete } = await readPrivateEvents(sql, {
    ...{ after, through, limit, maxBytes },
    ...(accounts && { dids: accounts.dids }),
  })
  if (isComplete) return { events, privateEvents, through }
  const end = privateEvents.at(-1)!.seq
  return { events: events.filter(({ seq }) => seq <= end), privateEvents, through: end }
}

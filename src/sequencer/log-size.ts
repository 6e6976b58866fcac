/** How much the log holds: what an operator sees growth by. */
import type { Statement } from '#src/ports/sql.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'

export interface LogSize {
  /** Events in the log. */
  events: number
  /** When the oldest of them was logged, in ms since 1970; null if there is none. */
  oldestAt: number | null
  /** Events added since this activation of the sequencer began. */
  added: number
  /** Of the sequencer's database, in bytes, without what its free pages take. */
  bytes: number
}

/**
 * To count a log of millions of events takes minutes, so the count up to the event `edge.counted` is stored, and brought
 * up to date whenever the log is trimmed. At most 20,000 more are counted here, which are too few only for a while after
 * an upgrade from a release that did not count.
 */
export async function size({ sql, lane }: Sequencer): Promise<LogSize> {
  const row = await sql.first<{ events: number; oldest: number | null; bytes: number }>(
    `SELECT events + (SELECT count(*) FROM (SELECT 1 FROM log WHERE seq > counted LIMIT ${MAX_COUNTED})) AS events,
            (SELECT min(seq) FROM log) AS oldest,
            (SELECT (page_count - freelist_count) * page_size
               FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()) AS bytes
       FROM edge`,
  )
  // The schema inserts the only row of `edge`.
  const { events, oldest, bytes } = row!
  return { events, oldestAt: oldest === null ? null : oldest / 1_000, added: lane.added, bytes }
}

/** A log that an older release wrote is counted in steps, since a transaction must not take long. */
const MAX_COUNTED = 20_000

/** Adds the next events after `edge.counted` to the count. */
export const countNewEvents: Statement = {
  sql: `WITH next AS (SELECT seq FROM log WHERE seq > (SELECT counted FROM edge) ORDER BY seq LIMIT ${MAX_COUNTED})
        UPDATE edge SET events = events + (SELECT count(*) FROM next),
                        counted = coalesce((SELECT max(seq) FROM next), counted)`,
}

/** Takes the events up to `seq` out of the count; they must have been counted, and be deleted by the same transaction. */
export function uncountThrough(seq: number): Statement {
  const sql = 'UPDATE edge SET events = events - (SELECT count(*) FROM log WHERE seq <= ?)'
  return { sql, params: [seq] }
}

/** Reads a page of the log from its table as one row, because the cost of a read is per row. */
import { fromHex, type Sql } from '#src/ports/sql.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'

interface StoredPage {
  /** Seq: only later events. */
  after: number
  /** Seq: none later than this one. */
  through: number
  limit: number
  maxBytes: number
}

export interface AccountEvent extends LogEvent {
  did: string
}

interface Packed {
  seqs: string | null
  seqCounts: string
  dids: string
  sizes: string
  frames: string
}

// At most `limit` events and `maxBytes`, but at least one event if there is one up to `through`. The sizes are
// summed before any frame is read: SQLite knows the length of a blob without reading it.
const packPage = (condition: string) => `
  WITH next AS (SELECT seq, length(frame) AS size FROM log
                WHERE ${condition} AND seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3),
       page AS (SELECT seq, size, sum(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes FROM next)
  SELECT group_concat(seq, ',' ORDER BY seq) AS seqs,
         group_concat(numbers, ',' ORDER BY seq) AS seqCounts,
         group_concat(did, ',' ORDER BY seq) AS dids,
         group_concat(size, ',' ORDER BY seq) AS sizes,
         hex(group_concat(frame, '' ORDER BY seq)) AS frames
  FROM page JOIN log USING (seq)
  WHERE bytes <= ?4 OR bytes = size`

const packAll = packPage('TRUE')
const packListed = packPage('seq IN (SELECT value FROM json_each(?5))')

export function readStoredEvents(sql: Sql, page: StoredPage): Promise<AccountEvent[]> {
  const { after, through, limit, maxBytes } = page
  return unpack(sql.first<Packed>(packAll, after, through, limit, maxBytes))
}

/** Those of the events `seqs` that are still in the log and in the range of the page. */
export function readListedEvents(
  sql: Sql,
  seqs: readonly number[],
  page: StoredPage,
): Promise<AccountEvent[]> {
  const { after, through, limit, maxBytes } = page
  const listed = JSON.stringify(seqs)
  return unpack(sql.first<Packed>(packListed, after, through, limit, maxBytes, listed))
}

async function unpack(reading: Promise<Packed | undefined>): Promise<AccountEvent[]> {
  const packed = await reading
  if (!packed?.seqs) return []
  const frames = fromHex(packed.frames)
  const sizes = packed.sizes.split(',').map(Number)
  const seqCounts = packed.seqCounts.split(',').map(Number)
  const dids = packed.dids.split(',')
  let at = 0
  return packed.seqs.split(',').map((seq, i) => {
    const frame = frames.subarray(at, at + sizes[i]!)
    at += sizes[i]!
    return { seq: Number(seq), seqCount: seqCounts[i]!, did: dids[i]!, frame }
  })
}

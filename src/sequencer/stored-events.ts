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

interface Packed {
  seqs: string | null
  sizes: string
  frames: string
}

// At most `limit` events and `maxBytes`, but at least one event if there is one up to `through`. The sizes are
// summed before any frame is read: SQLite knows the length of a blob without reading it.
const packPage = `
  WITH next AS (SELECT seq, length(frame) AS size FROM log WHERE seq > ?1 AND seq <= ?4 ORDER BY seq LIMIT ?2),
       page AS (SELECT seq, size, sum(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes FROM next)
  SELECT group_concat(seq, ',' ORDER BY seq) AS seqs,
         group_concat(size, ',' ORDER BY seq) AS sizes,
         hex(group_concat(frame, '' ORDER BY seq)) AS frames
  FROM page JOIN log USING (seq)
  WHERE bytes <= ?3 OR bytes = size`

export async function readStoredEvents(
  sql: Sql,
  { after, through, limit, maxBytes }: StoredPage,
): Promise<LogEvent[]> {
  const packed = await sql.first<Packed>(packPage, after, limit, maxBytes, through)
  if (!packed?.seqs) return []
  const frames = fromHex(packed.frames)
  const sizes = packed.sizes.split(',').map(Number)
  let at = 0
  return packed.seqs.split(',').map((seq, i) => {
    const frame = frames.subarray(at, at + sizes[i]!)
    at += sizes[i]!
    return { seq: Number(seq), frame }
  })
}

/** How far the log is stored: what a store that lost its end is recognized by. */
import type { Sequencer } from '#src/sequencer/sequencer.ts'

export interface StoredHead {
  /** Seq up to which the database has events, or had them and removed them. It never decreases. */
  seq: number
  /** The same when this activation of the sequencer read the database first, and when that was. */
  seqAtWake: number
  wokeAt: number
}

export async function storedHead({ sql, tail }: Sequencer): Promise<StoredHead> {
  await tail.ready()
  const row = await sql.first<{ seq: number }>(
    `SELECT max(coalesce((SELECT max(seq) FROM log), 0), coalesce((SELECT max(seq) FROM private_log), 0),
                trimmed, erased) AS seq
     FROM edge`,
  )
  // What is noted must not be lost.
  await sql.durable()
  const { seq: seqAtWake, at: wokeAt } = tail.storedAtWake
  // The schema inserts the only row of `edge`.
  return { seq: row!.seq, seqAtWake, wokeAt }
}

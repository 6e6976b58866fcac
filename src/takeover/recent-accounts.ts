/** The accounts that have had events lately: relays may not have fetched the last of them from the reference. */
import type { DatabaseSync } from 'node:sqlite'

/** As long as the reference lets relays fetch them, by default a day, and some more. */
const RECENT_MS = 3 * 24 * 60 * 60 * 1000

export function recentAccounts(sequencer: DatabaseSync, now: number): string[] {
  const since = new Date(now - RECENT_MS).toISOString()
  const sql = 'SELECT DISTINCT did FROM repo_seq WHERE sequencedAt >= ? ORDER BY did'
  return sequencer
    .prepare(sql)
    .all(since)
    .map((row) => row['did'] as string)
}

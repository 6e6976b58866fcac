/** The accounts with recent events, the last of which relays may not have fetched from the reference. */
import type { DatabaseSync } from 'node:sqlite'

/** More than the reference keeps events for relays, which is a day by default. */
const RECENT_MS = 3 * 24 * 60 * 60 * 1000

export function recentAccounts(sequencer: DatabaseSync, now: number): string[] {
  const since = new Date(now - RECENT_MS).toISOString()
  const sql = 'SELECT DISTINCT did FROM repo_seq WHERE sequencedAt >= ? ORDER BY did'
  return sequencer
    .prepare(sql)
    .all(since)
    .map((row) => row['did'] as string)
}

/** How long the history of a repo is kept, and how large it may be. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface HistoryConfig {
  /** For groups and the accounts of tenants; 0: none. Other accounts have at most a week. */
  days: number
  /** Of an account. */
  maxBytes: number
}

export function readHistory(read: EnvironmentReader): HistoryConfig {
  return {
    days: read.integer('PDS_HISTORY_DAYS', 0, 3650) ?? 30,
    maxBytes: read.integer('PDS_HISTORY_MAX_BYTES', 100_000, 2 ** 40) ?? 20_000_000,
  }
}

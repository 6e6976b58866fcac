/** What the imports of a process may use together. */
import type { ImportLimits } from '#src/account/account.ts'
import { Slots } from '#src/ports/slots.ts'
import { diskSpool } from '#src/ports/spool.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface ImportSettings {
  /** For files that are being imported. */
  folder: string
  /** Of one file. */
  maxBytes: number
  maxRecords: number
}

const MAX_VERIFIED_AT_ONCE = 2
/** Files that arrive or wait, and those that are being verified. */
const MAX_FILES = 16
const MAX_SPOOLED_BYTES = 2 * 1024 ** 3
const IDLE_MS = 10 * 60_000

export function importLimits(
  { folder, maxBytes, maxRecords }: ImportSettings,
  timer: Timer,
): ImportLimits {
  const bytes = Math.max(MAX_SPOOLED_BYTES, 2 * maxBytes)
  return {
    spool: diskSpool(folder, { maxFiles: MAX_FILES, maxBytes: bytes, idleMs: IDLE_MS }, timer),
    slots: new Slots(MAX_VERIFIED_AT_ONCE),
    maxRecords,
  }
}

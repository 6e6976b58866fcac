/** How the archives stand, for metrics and alerts. */
import type { ArchiveSummary } from '#src/directory/archives.ts'

export interface ArchiveHealth {
  /** Accounts whose last archive, or whose last drill, has failed. */
  failed: number
  drillsFailed: number
  /** How long the next round is overdue; 0 if it is not. */
  lateSeconds: number
}

/** A round that goes on for longer than the interval is late too. */
export function archiveHealth(
  { failed, drillsFailed, round }: ArchiveSummary,
  { intervalMs, now }: { intervalMs: number; now: number },
): ArchiveHealth {
  const lateMs = round === null ? 0 : now - (round.startedAt + intervalMs)
  return { failed, drillsFailed, lateSeconds: Math.max(0, lateMs) / 1_000 }
}

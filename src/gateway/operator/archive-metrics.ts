/** Metrics of archives; they are printed only if accounts are archived at intervals. */
import { Gauge, type Registry } from 'prom-client'
import type { ArchiveHealth } from '#src/gateway/archives/archive-health.ts'

export function archiveProbe(registers: Registry[]): (health: ArchiveHealth | undefined) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `headwater_archive_${name}`, help, registers })
  const failed = gauge('accounts_failed', 'Accounts whose last archive has failed')
  const drillsFailed = gauge('drills_failed', 'Accounts whose archive could not be restored')
  const late = gauge('late_seconds', 'How long archiving the accounts is overdue, or 0')
  return (health) => {
    for (const each of [failed, drillsFailed, late]) each.remove()
    if (health === undefined) return
    failed.set(health.failed)
    drillsFailed.set(health.drillsFailed)
    late.set(health.lateSeconds)
  }
}

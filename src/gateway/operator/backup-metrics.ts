/** Metrics of the last backup of this process's data folder, and of the last drill. */
import { Gauge, type Registry } from 'prom-client'
import type { LastBackup } from '#src/ports/last-backup.ts'
import type { LastDrill } from '#src/ports/last-drill.ts'

/** The returned function sets them; those that are not known are left out. */
export function backupProbe(
  registers: Registry[],
): (last: LastBackup | undefined, drill: LastDrill | undefined) => void {
  const time = new Gauge({
    name: 'headwater_last_backup_seconds',
    help: 'When the last complete backup was begun',
    registers,
  })
  const failed = new Gauge({
    name: 'headwater_last_backup_failed',
    help: '1 if the last attempt to back up has failed, else 0',
    registers,
  })
  const drillFailed = new Gauge({
    name: 'headwater_last_backup_drill_failed',
    help: '1 if the last restore drill has found problems, else 0',
    registers,
  })
  return (last, drill) => {
    if (last?.complete === undefined) time.remove()
    else time.set(Date.parse(last.complete.at) / 1_000)
    if (last === undefined) failed.remove()
    else failed.set(last.ok ? 0 : 1)
    if (drill === undefined) drillFailed.remove()
    else drillFailed.set(drill.ok ? 0 : 1)
  }
}

/** Metrics of the last backup that `headwater backup` has made of this process's data folder. */
import { Gauge, type Registry } from 'prom-client'
import type { LastBackup } from '#src/ports/last-backup.ts'

/** The returned function sets them; those that are not known are left out. */
export function backupProbe(registers: Registry[]): (last: LastBackup | undefined) => void {
  const time = new Gauge({
    name: 'headwater_last_backup_seconds',
    help: 'When the last backup was begun that is whole',
    registers,
  })
  const failed = new Gauge({
    name: 'headwater_last_backup_failed',
    help: '1 if the last attempt to back up has failed, else 0',
    registers,
  })
  return (last) => {
    if (last?.whole === undefined) time.remove()
    else time.set(Date.parse(last.whole.at) / 1_000)
    if (last === undefined) failed.remove()
    else failed.set(last.ok ? 0 : 1)
  }
}

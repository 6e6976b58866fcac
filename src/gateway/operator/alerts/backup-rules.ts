/** Rules about backups that `headwater backup` makes; snapshots of disks and databases are not known here. */
import { HOUR_MS, type Rule } from '#src/gateway/operator/alerts/rule.ts'

const DAY_MS = 24 * HOUR_MS
/** As in alerts.yml. */
export const BACKUP_MAX_AGE_MS = 3 * DAY_MS

export const backupRules: readonly Rule[] = [
  {
    name: 'HeadwaterBackupOld',
    evaluate: ({ lastBackup, now }, _, { text, unit }) => {
      const { complete } = lastBackup ?? {}
      if (complete === undefined) return undefined
      const age = now - Date.parse(complete.at)
      const shown =
        age < 2 * DAY_MS
          ? unit(Math.floor(age / HOUR_MS), 'hour', 'long')
          : unit(Math.floor(age / DAY_MS), 'day', 'long')
      return { bad: age > BACKUP_MAX_AGE_MS, value: text('old', { age: shown }) }
    },
    path: '/backups',
  },
  {
    name: 'HeadwaterBackupFailed',
    evaluate: ({ lastBackup }, _, { text }) =>
      lastBackup && {
        bad: !lastBackup.ok,
        value: lastBackup.ok ? text('ok') : (lastBackup.error ?? text('failed')),
      },
    path: '/backups',
  },
  {
    name: 'HeadwaterBackupDrillFailed',
    evaluate: ({ lastDrill }, _, { text }) =>
      lastDrill && {
        bad: !lastDrill.ok,
        value: lastDrill.ok ? text('ok') : (lastDrill.problems[0] ?? text('failed')),
      },
    path: '/backups',
  },
]

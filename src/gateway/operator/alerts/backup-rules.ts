/** Rules about backups that `headwater backup` makes; snapshots of disks and databases are not known here. */
import { HOUR_MS, type Rule } from '#src/gateway/operator/alerts/rule.ts'

const DAY_MS = 24 * HOUR_MS
/** As in alerts.yml. */
export const BACKUP_MAX_AGE_MS = 3 * DAY_MS

export const backupRules: readonly Rule[] = [
  {
    name: 'HeadwaterBackupOld',
    what: 'Last complete backup',
    evaluate: ({ lastBackup, now }) => {
      const { complete } = lastBackup ?? {}
      if (complete === undefined) return undefined
      const age = now - Date.parse(complete.at)
      const value =
        age < 2 * DAY_MS
          ? `${Math.floor(age / HOUR_MS)} hours old`
          : `${Math.floor(age / DAY_MS)} days old`
      return { bad: age > BACKUP_MAX_AGE_MS, value }
    },
    advice: 'headwater backup was not run, or not to its end. Check the timer or the cron job.',
    path: '/backups',
  },
  {
    name: 'HeadwaterBackupFailed',
    what: 'Last attempt to back up',
    evaluate: ({ lastBackup }) =>
      lastBackup && {
        bad: !lastBackup.ok,
        value: lastBackup.ok ? 'OK' : (lastBackup.error ?? 'failed'),
      },
    advice: 'Make room, or correct the command, and run it again.',
    path: '/backups',
  },
  {
    name: 'HeadwaterBackupDrillFailed',
    what: 'Last restore drill',
    evaluate: ({ lastDrill }) =>
      lastDrill && {
        bad: !lastDrill.ok,
        value: lastDrill.ok ? 'OK' : (lastDrill.problems[0] ?? 'failed'),
      },
    advice:
      'The backup cannot be restored as it is: make a new one, and run headwater backup drill.',
    path: '/backups',
  },
]

/** What the server knows of its last backup: when it was made, whether it is complete, and where it is; and of the last drill. */
import { html } from 'hono/html'
import { BACKUP_MAX_AGE_MS } from '#src/gateway/operator/alerts/backup-rules.ts'
import { badge, card, emptyState, facts, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import type { LastBackup } from '#src/ports/last-backup.ts'
import type { LastDrill } from '#src/ports/last-drill.ts'
import { sizeText } from '#src/ports/size-text.ts'

export function lastBackupView(
  context: RenderContext,
  last: LastBackup | undefined,
  now: number,
): Html {
  if (last === undefined) {
    return card(
      'Last backup',
      emptyState(
        'No backup is noted in the data folder of this process. Snapshots of disks and backups of a database are not known here.',
      ),
    )
  }
  const { complete, ok, error, at } = last
  const rows: [string, Html | string][] =
    complete === undefined
      ? [['Complete', 'none yet']]
      : [
          ['Complete', timeOf(context, complete.at)],
          ['To', html`<span class="mono">${complete.to}</span>`],
          ['Size', complete.bytes === undefined ? 'not known' : sizeText(complete.bytes)],
        ]
  if (!ok)
    rows.push([
      'Last attempt',
      html`failed ${timeOf(context, at)}: ${error ?? 'for an unknown reason'}`,
    ])
  const isOld = complete === undefined || now - Date.parse(complete.at) > BACKUP_MAX_AGE_MS
  const state = !ok
    ? badge('failed', 'bad')
    : badge(isOld ? 'old' : 'complete', isOld ? 'warn' : 'good')
  return card('Last backup', facts(rows), { badge: state })
}

export function lastDrillView(context: RenderContext, last: LastDrill | undefined): Html {
  if (last === undefined) {
    return card(
      'Last drill',
      emptyState(
        'No drill is noted in the data folder of this process: run headwater backup drill.',
      ),
    )
  }
  const rows: [string, Html | string][] = [
    ['Run', timeOf(context, last.at)],
    ['Backup', html`<span class="mono">${last.from}</span> of ${timeOf(context, last.backupAt)}`],
    ['Accounts', String(last.accounts)],
    ['Repos verified', String(last.verifiedRepos)],
    ...last.problems.slice(0, 10).map((problem): [string, string] => ['Problem', problem]),
  ]
  const state = last.ok ? badge('passed', 'good') : badge('failed', 'bad')
  return card('Last drill', facts(rows), { badge: state })
}

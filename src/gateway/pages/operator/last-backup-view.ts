/** What the server knows of its last backup: when it was made, whether it is complete, and where it is; and of the last drill. */
import { html } from 'hono/html'
import { BACKUP_MAX_AGE_MS } from '#src/gateway/operator/alerts/backup-rules.ts'
import { badge, card, emptyState, facts, timeOf, withElement } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import type { LastBackup } from '#src/ports/last-backup.ts'
import type { LastDrill } from '#src/ports/last-drill.ts'

export function lastBackupView(
  context: RenderContext,
  last: LastBackup | undefined,
  now: number,
): Html {
  const { text, language } = serverTexts(context)
  if (last === undefined) {
    return card(text('lastBackup'), emptyState(text('noBackup')))
  }
  const { complete, ok, error, at } = last
  const rows: [string, Html | string][] =
    complete === undefined
      ? [[text('complete'), text('noneYet')]]
      : [
          [text('complete'), timeOf(context, complete.at)],
          [text('backupTo'), html`<span class="mono">${complete.to}</span>`],
          [
            text('size'),
            complete.bytes === undefined ? text('notKnown') : byteText(language, complete.bytes),
          ],
        ]
  if (!ok)
    rows.push([
      text('lastAttempt'),
      withElement(
        text('failedAt', { time: '\n', reason: error ?? text('unknownReason') }),
        timeOf(context, at),
      ),
    ])
  const isOld = complete === undefined || now - Date.parse(complete.at) > BACKUP_MAX_AGE_MS
  const state = !ok
    ? badge(text('failed'), 'bad')
    : badge(text(isOld ? 'old' : 'isComplete'), isOld ? 'warn' : 'good')
  return card(text('lastBackup'), facts(rows), { badge: state })
}

export function lastDrillView(context: RenderContext, last: LastDrill | undefined): Html {
  const { text, language } = serverTexts(context)
  if (last === undefined) {
    return card(text('lastDrill'), emptyState(text('noDrill')))
  }
  const number = (n: number) => new Intl.NumberFormat(language).format(n)
  const rows: [string, Html | string][] = [
    [text('drillRun'), timeOf(context, last.at)],
    [
      text('backup'),
      html`<span class="mono">${last.from}</span> (${timeOf(context, last.backupAt)})`,
    ],
    [text('accounts'), number(last.accounts)],
    [text('reposVerified'), number(last.verifiedRepos)],
    ...last.problems.slice(0, 10).map((problem): [string, string] => [text('problem'), problem]),
  ]
  const state = last.ok ? badge(text('passed'), 'good') : badge(text('failed'), 'bad')
  return card(text('lastDrill'), facts(rows), { badge: state })
}

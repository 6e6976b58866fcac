/** The last restore of an account: how far it is, and the way to undo it. */
import { html } from 'hono/html'
import { badge, card, facts, progress, timeOf } from '#src/gateway/pages/blocks.ts'
import {
  actorNames,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { RESTORE } from '#src/gateway/pages/history/plan.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface Restore {
  startedAt: string
  by: string
  total: number
  done: number
  skipped: number
  left: number
  error?: string
}

export async function readRestore({
  call,
  history: { did: account },
}: HistoryVisit): Promise<Restore | undefined> {
  return (await call(history.getRestore, { params: { account } })).restore
}

/** A line on other pages while a restore is running. */
export async function runningNote(visit: HistoryVisit): Promise<Html> {
  const restore = await readRestore(visit)
  if (restore === undefined || restore.left === 0) return html``
  const { total, left } = restore
  const text = textOf(visit)
  return html`<p class="note"><a href="${historyUrl(visit, '/restore')}">${text('running', { n: total - left, total })}</a></p>`
}

/** Nothing if nothing was ever restored. */
export async function progressCard(visit: HistoryVisit): Promise<Html> {
  const restore = await readRestore(visit)
  if (restore === undefined) return html``
  const { session } = visit
  const text = textOf(visit)
  const { startedAt, by, total, done, skipped, left, error } = restore
  const names = await actorNames(visit, [by])
  const isRunning = left > 0
  // The first commit of the restore may be of the same millisecond.
  const at = isoTime(Date.parse(startedAt) - 1)
  const undo = historyUrl(visit, '/restore', { at, actor: by, action: RESTORE })
  const state =
    error === undefined
      ? badge(text(isRunning ? 'isRunning' : 'isDone'), isRunning ? 'warn' : 'good')
      : badge(text('isEnded'), 'bad')
  return card(
    text('lastRestore'),
    html`${progress(total - left, total, text('lastRestore'))}
${facts([
  [text('by'), html`${names(by)}, ${timeOf(session, startedAt)}`],
  [text('restored'), `${done} / ${total}`],
  ...(skipped === 0 ? [] : [[text('skipped'), String(skipped)] as const]),
  ...(error === undefined ? [] : [[text('why'), error] as const]),
])}
${isRunning || done === 0 ? '' : html`<div class="actions"><a class="button quiet" href="${undo}">${text('undoRestore')}</a></div>`}`,
    { badge: state },
  )
}

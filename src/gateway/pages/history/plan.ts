/** What a restore would change, counted by a dry run, and the button that begins it. */
import { html } from 'hono/html'
import { card, emptyState, stat, stats, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import {
  actorNames,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { kindOf } from '#src/gateway/pages/history/kinds.ts'
import { timeOfMoment } from '#src/gateway/pages/history/moments.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

/** The call whose commits "Undo this restore" undoes, as the audit log names it. */
export const RESTORE = 'history.restoreRepo'

/** Throws 400 RevNotAvailable, RangeTooLarge. */
export async function planCard(
  visit: HistoryVisit,
  { at, actor, action, collection }: Record<'at' | 'actor' | 'action' | 'collection', string>,
): Promise<Html> {
  const { call, session, history: subject } = visit
  const text = textOf(visit)
  const plan = await call(history.restoreRepo, {
    input: {
      ...{ account: subject.did, at, dryRun: true },
      ...(actor !== '' && { actor }),
      ...(action !== '' && { action }),
      ...(collection !== '' && { collections: [collection] }),
    },
  })
  const total = plan.creates + plan.updates + plan.deletes
  const names = await actorNames(visit, [actor])
  const time = timeOfMoment(at)
  const isOfRestore = action === RESTORE
  const undoTitle = subject.members === undefined ? 'undoAppTitle' : 'undoTitle'
  const ofActor = isOfRestore ? text('undoRestore') : text(undoTitle, { name: names(actor) })
  const title = actor === '' ? text('planTitle') : ofActor
  const help = html`${text('sinceThen')}: ${time === undefined ? at : timeOf(session, time)}${collection === '' ? '' : html` · ${kindOf(text, collection)}`}`
  if (total === 0) return card(title, emptyState(text('nothing')), { help })
  const { members } = subject
  const mayRemove = actor !== '' && !isOfRestore && (await members?.mayRemove(actor)) === true
  const remove = mayRemove
    ? html`<button class="bad" name="remove" value="yes">${text('removeAndUndo', { name: names(actor) })}</button>`
    : ''
  const label = text(actor === '' ? 'restoreNow' : 'undoNow')
  const undoHelp = members === undefined ? 'undoAppHelp' : 'undoHelp'
  const query = { at: plan.at, actor, action, collection }
  const form = html`<form method="post" action="${historyUrl(visit, '/restore/start', query)}">${hiddenFields(session, query)}
${members === undefined ? '' : field({ name: 'reason', label: text('reason'), maxLength: 300 })}
<div class="actions"><button>${label}</button>${remove}</div></form>`
  return card(
    title,
    html`${stats([
      stat(text('creates'), plan.creates),
      stat(text('updates'), plan.updates),
      stat(text('deletes'), plan.deletes),
      ...(plan.unavailable === 0 ? [] : [stat(text('unavailable'), plan.unavailable)]),
    ])}
<p class="muted">${text(actor === '' ? 'planHelp' : undoHelp)}</p>${form}`,
    { help },
  )
}

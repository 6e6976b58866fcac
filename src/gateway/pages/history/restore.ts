/** Restoring the repo, a collection, or what a member or an app did: counted first, then done, with its progress. */
import { html } from 'hono/html'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { orReason } from '#src/gateway/pages/history/errors.ts'
import { type HistoryVisit, historyUrl, textOf } from '#src/gateway/pages/history/history-visit.ts'
import { momentForm, momentsOf, startOf } from '#src/gateway/pages/history/moment-form.ts'
import { timeOfMoment } from '#src/gateway/pages/history/moments.ts'
import { planCard } from '#src/gateway/pages/history/plan.ts'
import { progressCard, readRestore } from '#src/gateway/pages/history/restore-progress.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const LOOK_AGAIN_MS = 1_000

/** Of the URL, and of the form that begins the restore. */
export type RestoreQuery = Partial<Record<'at' | 'actor' | 'action' | 'collection', string>>

export const restorePage: AreaPage<HistoryVisit> = {
  path: '/history/restore',
  title: (visit) => textOf(visit)('restore'),
  isInNav: false,
  isFor: ({ history: { isAllowed } }) => isAllowed,
  async show(visit, c) {
    const body = await orReason(visit, () => content(visit, c.req.query()))
    const running = await readRestore(visit).catch(() => undefined)
    return { body, isLive: running !== undefined && running.left > 0 }
  },
  actions: { start: (visit, form, c) => start(visit, form, c) },
  live: {
    everyMs: LOOK_AGAIN_MS,
    fragments: async (visit) => [{ cell: 'progress', html: await progressCard(visit) }],
  },
}

async function content(visit: HistoryVisit, query: RestoreQuery): Promise<Html> {
  const { actor = '', action = '', collection = '' } = query
  const { did: account } = visit.history
  const { sinceAt, since } = await visit.call(history.getSettings, { params: { account } })
  // What someone did earlier cannot be undone any more.
  const isTooEarly = actor !== '' && query.at !== undefined && !isWithin(query.at, sinceAt)
  const asked = isTooEarly ? since : query.at
  const moments = momentsOf(visit, { since, sinceAt, at: asked })
  const isAsked = [query.at, actor, collection].some((value) => value !== undefined && value !== '')
  const at = asked || startOf(moments)
  const plan = isAsked
    ? await orReason(visit, () => planCard(visit, { at, actor, action, collection }))
    : ''
  return html`<div data-cell="progress">${await progressCard(visit)}</div>
${plan}
${await momentForm(visit, moments, { at, actor, collection })}`
}

function isWithin(at: string, sinceAt = ''): boolean {
  return (timeOfMoment(at) ?? '') >= sinceAt
}

/** With `remove`, the member is removed first, so that nothing is written meanwhile. */
const start: Action<HistoryVisit> = async (visit, form) => {
  const { at = '', actor = '', action = '', collection = '', reason = '', remove = '' } = form
  const { did: account, members } = visit.history
  if (remove !== '') await members?.remove(actor, reason)
  await visit.call(history.restoreRepo, {
    input: {
      ...{ account, at },
      ...(actor !== '' && { actor }),
      ...(action !== '' && { action }),
      ...(collection !== '' && { collections: [collection] }),
      ...(reason !== '' && { reason }),
    },
  })
  return { goTo: historyUrl(visit, '/restore') }
}

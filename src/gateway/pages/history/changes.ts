/** What changed between two moments, such as before and after a commit. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, emptyState, facts, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { downloadCar } from '#src/gateway/pages/history/download.ts'
import { orReason } from '#src/gateway/pages/history/errors.ts'
import { type HistoryVisit, historyUrl, textOf } from '#src/gateway/pages/history/history-visit.ts'
import { actionText, kindOf } from '#src/gateway/pages/history/kinds.ts'
import { timeOfMoment } from '#src/gateway/pages/history/moments.ts'
import { restoreOne } from '#src/gateway/pages/history/record.ts'
import { changeTable, type RecordValue } from '#src/gateway/pages/history/record-fields.ts'
import { placeOf } from '#src/gateway/pages/record-path.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const PAGE_CHANGES = 8

type Query = Partial<Record<'from' | 'to' | 'collection' | 'cursor', string>>

interface Change {
  uri: string
  action: string
  before?: RecordValue
  after?: RecordValue
}

export const changesPage: AreaPage<HistoryVisit> = {
  path: '/history/changes',
  title: (visit) => textOf(visit)('changes'),
  isInNav: false,
  isFor: ({ history: { isAllowed } }) => isAllowed,
  show: async (visit, c) => ({ body: await orReason(visit, () => changes(visit, c.req.query())) }),
  actions: {
    restore: restoreOne,
    download: downloadCar,
  },
}

async function changes(visit: HistoryVisit, query: Query): Promise<Html> {
  const { call, session, history: subject } = visit
  const text = textOf(visit)
  const { from = '', to, collection, cursor } = query
  const found = await call(history.getDiff, {
    params: {
      ...{ account: subject.did, from, limit: PAGE_CHANGES },
      ...(to && { to }),
      ...(collection && { collection }),
      ...(cursor && { cursor }),
    },
  })
  const list = (found.changes as Change[]).map((change) => changeCard(visit, change, query))
  const after = found.cursor && historyUrl(visit, '/changes', { ...query, cursor: found.cursor })
  const moment = (at: string) => {
    const time = timeOfMoment(at)
    return html`${time === undefined ? '' : timeOf(session, time)} <small><code>${at}</code></small>`
  }
  const link = (label: string, page: string, params: Record<string, string | undefined>) =>
    html`<a class="button quiet" href="${historyUrl(visit, page, params)}">${label}</a>`
  const about = html`${facts([
    [text('from'), moment(found.from)],
    [text('to'), moment(found.to)],
    [text('changed'), String(found.total)],
  ])}
<div class="actions">${link(text('toBefore'), '/restore', { at: found.from })}${link(text('toHere'), '/restore', { at: found.to })}${to === undefined ? '' : link(text('untilNow'), '/changes', { from, collection })}${actionForm(
    session,
    {
      ...{ action: historyUrl(visit, '/changes/download', query), label: text('download') },
      fields: { at: found.to },
    },
  )}</div>`
  return html`${card(text('changes'), about, { bare: true })}
${list.length === 0 ? emptyState(text('noChanges')) : list}
${pager(session, { after })}`
}

const badges = { create: 'good', delete: 'bad' } as const

function changeCard(visit: HistoryVisit, change: Change, query: Query): Html {
  const text = textOf(visit)
  const { uri, action, before, after } = change
  const place = placeOf(uri.slice(`at://${visit.history.did}/`.length))
  const { collection, rkey } = place
  const label = `${kindOf(text, collection)} ${rkey}`
  const restore = actionForm(visit.session, {
    // With the query, so that the same changes are shown if it fails.
    action: historyUrl(visit, '/changes/restore', query),
    label: text(action === 'create' ? 'deleteRecord' : 'restoreRecord'),
    about: rkey,
    fields: { collection, rkey, at: query.from ?? '' },
  })
  return card(
    label,
    html`${changeTable(text, { label, before, after })}
<div class="actions">${restore}<a href="${historyUrl(visit, '/record', place)}">${text('versions')}</a></div>`,
    {
      badge: badge(actionText(text, action), badges[action as keyof typeof badges] ?? 'quiet'),
    },
  )
}

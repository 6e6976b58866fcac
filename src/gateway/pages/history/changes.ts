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
import { restorableOf } from '#src/gateway/pages/history/previews.ts'
import { restoreOne, whyNot } from '#src/gateway/pages/history/record.ts'
import { changeTable, type RecordValue } from '#src/gateway/pages/history/record-fields.ts'
import { placeOf } from '#src/gateway/pages/record-path.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const PAGE_CHANGES = 8

type Query = Partial<Record<'from' | 'to' | 'collection' | 'cursor', string>>

interface Change {
  uri: string
  action: string
  before?: Exclude<RecordValue, undefined> & { cid: string }
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
  const list = await changeCards(visit, found.changes as Change[], query)
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

async function changeCards(
  visit: HistoryVisit,
  changes: readonly Change[],
  query: Query,
): Promise<Html[]> {
  const earlier = changes.flatMap(({ uri, before }) => {
    return before === undefined ? [] : [{ path: pathOf(visit, uri), cid: before.cid }]
  })
  const restorable = await restorableOf(visit, earlier)
  const lost = new Set(earlier.flatMap(({ path }, i) => (restorable[i] ? [] : path)))
  return changes.map((change) => {
    return changeCard(visit, change, query, lost.has(pathOf(visit, change.uri)))
  })
}

function pathOf({ history: { did } }: HistoryVisit, uri: string): string {
  return uri.slice(`at://${did}/`.length)
}

/** `isLost`: what the record was cannot be restored. */
function changeCard(visit: HistoryVisit, change: Change, query: Query, isLost: boolean): Html {
  const text = textOf(visit)
  const { uri, action, before, after } = change
  const place = placeOf(pathOf(visit, uri))
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
${isLost ? whyNot(text, before?.value) : ''}
<div class="actions">${isLost ? '' : restore}<a href="${historyUrl(visit, '/record', place)}">${text('versions')}</a></div>`,
    {
      badge: badge(actionText(text, action), badges[action as keyof typeof badges] ?? 'quiet'),
    },
  )
}

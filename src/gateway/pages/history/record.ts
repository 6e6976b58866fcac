/** The versions of one record: restored one by one, or deleted for good. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, emptyState, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, isTyped, pager } from '#src/gateway/pages/form-blocks.ts'
import { orReason } from '#src/gateway/pages/history/errors.ts'
import { type HistoryVisit, historyUrl, textOf } from '#src/gateway/pages/history/history-visit.ts'
import { kindOf } from '#src/gateway/pages/history/kinds.ts'
import { changeTable } from '#src/gateway/pages/history/record-fields.ts'
import { previewOf } from '#src/gateway/pages/record-preview.ts'
import type { Html, Note } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const PAGE_VERSIONS = 8

interface Place {
  collection: string
  rkey: string
}

interface Version {
  cid: string
  rev: string
  at: string
  until?: string
  untilAt?: string
  value?: unknown
  /** Absent if the account's process is of a release that does not say it. */
  restorable?: boolean
}

export const recordPage: AreaPage<HistoryVisit> = {
  path: '/history/record',
  title: (visit) => textOf(visit)('versions'),
  isInNav: false,
  isFor: ({ history: { isAllowed } }) => isAllowed,
  show: async (visit, c, note) => ({
    body: await orReason(visit, () => versions(visit, c.req.query(), note)),
  }),
  actions: {
    restore: (visit, form, c) => restoreOne(visit, form, c),
    forget: async (visit, form) => {
      const { collection = '', rkey = '' } = form
      if (!isTyped(form, rkey)) throw invalidRequest('The key does not match', 'WronglyTyped')
      await visit.call(history.deleteVersions, {
        input: { account: visit.history.did, collection, rkey },
      })
      return { goTo: historyUrl(visit, '/record', { collection, rkey, done: '1' }) }
    },
  },
}

/** Makes one record what it was at a moment. Throws 400 ValueGone. */
export const restoreOne: Action<HistoryVisit> = async (visit, form) => {
  const { collection = '', rkey = '', at = '' } = form
  const { did } = visit.history
  const { records } = await visit.call(history.restoreRecords, {
    input: { account: did, at, uris: [`at://${did}/${collection}/${rkey}`] },
  })
  if (records.some(({ result }) => result === 'unavailable')) {
    throw invalidRequest('The value of the record is gone', 'ValueGone')
  }
  return { goTo: historyUrl(visit, '/record', { collection, rkey, done: '1' }) }
}

async function versions(
  visit: HistoryVisit,
  query: Record<string, string>,
  note: Note | undefined,
): Promise<Html> {
  const { call, session, history: subject } = visit
  const text = textOf(visit)
  const { collection = '', rkey = '', cursor } = query
  const found = await call(history.getRecordVersions, {
    params: {
      ...{ account: subject.did, collection, rkey, limit: PAGE_VERSIONS },
      ...(cursor && { cursor }),
    },
  })
  const all = found.versions as Version[]
  const kind = kindOf(text, collection)
  const place = html`<p class="muted">${kind === collection ? '' : kind} <code>${collection}/${rkey}</code></p>`
  if (all.length === 0) return html`${place}${emptyState(text('noVersions'))}`
  const cards = all.map((version, i) =>
    versionCard(visit, version, all[i + 1], { collection, rkey }),
  )
  const next =
    found.cursor && historyUrl(visit, '/record', { collection, rkey, cursor: found.cursor })
  return html`${place}${cards}${pager(session, { after: next })}
${await forgetCard(visit, { collection, rkey }, all, note)}`
}

/** None if no earlier version has a value any more. */
async function forgetCard(
  visit: HistoryVisit,
  place: Place,
  all: readonly Version[],
  note: Note | undefined,
): Promise<Html | ''> {
  const { call, session, history: subject } = visit
  const text = textOf(visit)
  if (!all.some(({ until, value }) => until !== undefined && value !== undefined)) return ''
  const newest = await call(history.getRecordVersions, {
    params: { account: subject.did, ...place, limit: 1 },
  })
  const exists = (newest.versions as Version[]).some(({ until }) => until === undefined)
  const form = confirmForm(session, {
    ...{ action: historyUrl(visit, '/record/forget', { ...place }), typed: place.rkey },
    ...{ label: text('forget'), note, fields: { ...place } },
  })
  const help = text(exists ? 'forgetHelp' : 'forgetDeletedHelp')
  return card(text('forget'), form, { help, danger: true })
}

function versionCard(
  visit: HistoryVisit,
  version: Version,
  earlier: Version | undefined,
  place: Place,
): Html {
  const { session } = visit
  const text = textOf(visit)
  const { rev, at, until, untilAt, value, restorable = value !== undefined } = version
  const isCurrent = until === undefined
  // What it changed of the version before, unless the record was not there in between.
  const before = earlier?.until === rev ? earlier : undefined
  const preview = value === undefined ? text('gone') : previewOf(value)
  const label = preview === place.collection ? place.rkey : preview
  const restore = html`<div class="actions">${actionForm(session, {
    ...{ action: historyUrl(visit, '/record/restore', { ...place }), about: rev },
    ...{ label: text('restoreVersion'), fields: { ...place, at: rev } },
  })}</div>`
  const below = isCurrent ? '' : restorable ? restore : whyNot(text, value)
  const times = html`${timeOf(session, at)}${untilAt === undefined ? '' : html` – ${timeOf(session, untilAt)}`}`
  const fields = value === undefined ? '' : changeTable(text, { label, before, after: { value } })
  return card(label, html`${fields}${below}`, {
    ...{ help: times, name: `${label}, ${rev}` },
    badge: isCurrent ? badge(text('current'), 'good') : undefined,
  })
}

/** Of a version that cannot be restored. That its value is gone is said in its place. */
export function whyNot(text: ReturnType<typeof textOf>, value: unknown): Html | '' {
  return value === undefined ? '' : html`<p class="muted">${text('fileGone')}</p>`
}

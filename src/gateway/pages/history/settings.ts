/** How long a history is kept; emptying it, and turning it off. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { card, facts, progress, timeOf } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { confirmForm, field, isTyped } from '#src/gateway/pages/form-blocks.ts'
import {
  daysText,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

export const historySettingsPage: AreaPage<HistoryVisit> = {
  path: '/history/settings',
  title: (visit) => textOf(visit)('settings'),
  isInNav: false,
  isFor: ({ history: { isAllowed } }) => isAllowed,
  show: async (visit, _, note) => ({ body: await settings(visit, note) }),
  actions: {
    days: async ({ call, history: { did: account } }, { days = '' }) => {
      if (!/^\d{0,3}$/.test(days.trim())) throw invalidRequest(`This must be a number: ${days}`)
      const number = days.trim() === '' ? {} : { days: Math.max(1, Number(days)) }
      await call(history.putSettings, { input: { account, ...number } })
      return undefined
    },
    empty: async (visit, form) => {
      mustBeTyped(visit, form)
      await visit.call(history.empty, { input: { account: visit.history.did } })
      return undefined
    },
    off: async (visit, form) => {
      mustBeTyped(visit, form)
      await visit.call(history.putSettings, { input: { account: visit.history.did, days: 0 } })
      return undefined
    },
  } satisfies Record<string, Action<HistoryVisit>>,
}

/** Throws 400. */
function mustBeTyped(
  { history: { handle } }: HistoryVisit,
  form: Record<string, string | undefined>,
) {
  if (!isTyped(form, handle)) throw invalidRequest('The handle does not match', 'WronglyTyped')
}

async function settings(visit: HistoryVisit, note: Note | undefined): Promise<Html> {
  const { call, session, history: subject } = visit
  const text = textOf(visit)
  const { days, isOwn, sinceAt, bytes, maxBytes } = await call(history.getSettings, {
    params: { account: subject.did },
  })
  const size = (n: number) => byteText(session.messages.language, n)
  const kept = daysText(visit, days)
  const keptFor = isOwn ? kept : text('nDaysServer', { days: kept })
  const about = facts([
    [text('keptFor'), days === 0 ? text('isOff') : keptFor],
    ...(sinceAt === undefined ? [] : [[text('begins'), timeOf(session, sinceAt)] as const]),
    [
      text('size'),
      html`${size(bytes)} / ${size(maxBytes)}${progress(bytes, maxBytes, text('size'))}`,
    ],
  ])
  const form = html`<form method="post" action="${historyUrl(visit, '/settings/days')}">${hiddenFields(session)}
${field({ name: 'days', label: text('days'), type: 'number', value: isOwn && days > 0 ? String(days) : '', help: text('daysHelp') })}
<button>${text('save')}</button></form>`
  const confirm = (name: 'empty' | 'off') =>
    card(
      text(name),
      confirmForm(session, {
        ...{ action: historyUrl(visit, `/settings/${name}`), typed: subject.handle },
        ...{ label: text(name), note },
      }),
      { help: text(`${name}Help`), danger: true },
    )
  return html`${card(text('history'), html`${about}${form}`)}
${days === 0 ? '' : html`${confirm('empty')}${confirm('off')}`}`
}

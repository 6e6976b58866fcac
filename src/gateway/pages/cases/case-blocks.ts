/** Moderation cases on pages: states, reasons, blurred images, and the history of a case. */
import { html } from 'hono/html'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import { badge, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { type CaseText, caseWord } from '#src/gateway/pages/cases/texts.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import {
  type CaseState,
  caseDecisions,
  caseStates,
  type ReasonKind,
  reasonKindOf,
  reasonKinds,
} from '#src/rules/moderation-cases.ts'

/** An entry of a case; a tenant gets fewer fields. */
export interface ShownEntry {
  at: string
  kind: string
  by?: string
  reasonType?: string
  decision?: string
  action?: string
  text?: string
  cid?: string
}

/** The fields of the queue's filter, besides those of an area. */
export function caseFilters(
  text: CaseText,
  { state, reason, sort }: Record<'state' | 'reason' | 'sort', string>,
) {
  const optionOf = (kind: 'case' | 'reason') => (value: string) => ({
    ...{ value, label: caseWord(text, kind, value) },
  })
  return [
    {
      ...{ name: 'state', label: text('caseState'), value: state },
      options: [
        { value: '', label: text('case.unresolved') },
        ...[...caseStates, 'all'].map(optionOf('case')),
      ],
    },
    {
      ...{ name: 'reason', label: text('caseReason'), value: reason },
      options: [{ value: '', label: text('anyReason') }, ...reasonKinds.map(optionOf('reason'))],
    },
    {
      ...{ name: 'sort', label: text('order'), value: sort },
      options: [
        { value: '', label: text('newestReport') },
        { value: 'reports', label: text('mostReported') },
      ],
    },
  ]
}

/** The filter that the fields ask for; unknown values count as none. */
export function caseFilterOf({ state = '', reason = '', sort = '' }: Record<string, string>) {
  const wanted: CaseState | 'unresolved' =
    caseStates.find((known) => known === state) ?? 'unresolved'
  const kind = reasonKinds.find((known) => known === reason)
  return {
    ...(state !== 'all' && { state: wanted }),
    ...(kind !== undefined && { reason: kind }),
    sort: sort === 'reports' ? ('reports' as const) : ('newest' as const),
  }
}

export function decisionOptions(text: CaseText) {
  return caseDecisions.map((value) => ({ value, label: caseWord(text, 'decision', value) }))
}

export function caseBadge(
  text: CaseText,
  { state, decision }: { state: string; decision?: string | null | undefined },
): Html {
  if (state === 'closed' && decision) {
    const label = caseWord(text, 'decision', decision)
    // Only the first letter: nouns of other languages keep theirs.
    const inside = label.charAt(0).toLowerCase() + label.slice(1)
    return badge(text('closedAs', { decision: inside }), 'quiet')
  }
  const kinds = { closed: 'quiet', escalated: 'bad' } as const
  return badge(caseWord(text, 'case', state), kinds[state as keyof typeof kinds] ?? 'warn')
}

export function reasonsOf(
  text: CaseText,
  { reasons }: { reasons: readonly { reason: string; count: number }[] },
): string {
  const texts = reasons.map(
    ({ reason, count }) => `${caseWord(text, 'reason', reason)}${count === 1 ? '' : ` (${count})`}`,
  )
  return texts.join(', ') || '–'
}

/** What a case is about, in a line. */
export function subjectLine(text: CaseText, { uri, blob }: Pick<CaseView, 'uri' | 'blob'>): string {
  if (blob !== undefined) return text('fileAt', { cid: `${blob.slice(0, 8)}…${blob.slice(-5)}` })
  if (uri === undefined) return text('account')
  return text('recordAt', { path: uri.split('/').slice(3).join('/') })
}

/** An image that is blurred until the reader asks for it; `show` says so. */
export function blurredImage(src: string, label: string, show: string): Html {
  return html`<label class="blurred"><input type="checkbox" aria-label="${show}"><img src="${src}" alt="${label}" loading="lazy"></label>`
}

export function historyTable(
  context: RenderContext,
  text: CaseText,
  entries: readonly ShownEntry[],
  nameOf: (actor: string) => Html | string,
): Html {
  return table({
    label: text('history'),
    head: [text('what'), text('said'), text('by'), text('time')],
    rows: entries.map((entry) => [
      html`<div class="nowrap">${whatOf(text, entry)}</div>`,
      entry.text === undefined ? '–' : html`<div class="said">${entry.text}</div>`,
      entry.by === undefined ? '–' : nameOf(entry.by),
      timeOf(context, entry.at),
    ]),
    empty: text('noHistory'),
  })
}

function whatOf(
  text: CaseText,
  { kind, reasonType = '', decision = '', action = '' }: ShownEntry,
): Html | string {
  switch (kind) {
    case 'report': {
      const reason: ReasonKind = reasonKindOf(reasonType)
      return html`${text('entry.report')}<small>${text(`reason.${reason}`)}</small>`
    }
    case 'note':
    case 'opened':
    case 'escalated':
      return text(`entry.${kind}`)
    case 'closed':
      return html`${text('entry.closed')}<small>${caseWord(text, 'decision', decision)}</small>`
    default:
      return html`${text('entry.action')}<small>${caseWord(text, 'action', action)}</small>`
  }
}

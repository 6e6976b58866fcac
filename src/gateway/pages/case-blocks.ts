/** Moderation cases on pages: states, reasons, blurred images, and the history of a case. */
import { html } from 'hono/html'
import type { CaseView } from '#src/directory/moderation-cases.ts'
import { badge, table, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import {
  type CaseDecision,
  type CaseState,
  type ReasonKind,
  reasonKindOf,
} from '#src/rules/moderation-cases.ts'

export const reasonLabels: Readonly<Record<ReasonKind, string>> = {
  spam: 'Spam',
  misleading: 'Misleading',
  sexual: 'Sexual content',
  harassment: 'Harassment',
  violence: 'Violence',
  'child-safety': 'Child safety',
  'self-harm': 'Self-harm',
  rules: 'Breaks the rules',
  appeal: 'Appeal',
  other: 'Other',
}

export const decisionLabels: Readonly<Record<CaseDecision, string>> = {
  takedown: 'Taken down',
  suspension: 'Suspended',
  warning: 'Warned',
  'no-violation': 'No violation',
  duplicate: 'Duplicate',
  other: 'Other',
}

const stateLabels: Readonly<Record<CaseState | 'unresolved', string>> = {
  unresolved: 'Not closed',
  open: 'Open',
  escalated: 'Escalated',
  closed: 'Closed',
}

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
export function caseFilters({ state, reason, sort }: Record<'state' | 'reason' | 'sort', string>) {
  const { unresolved, ...states } = stateLabels
  return [
    {
      ...{ name: 'state', label: 'State', value: state },
      options: [
        { value: '', label: unresolved },
        ...optionsOf(states),
        { value: 'all', label: 'All' },
      ],
    },
    {
      ...{ name: 'reason', label: 'Reason', value: reason },
      options: [{ value: '', label: 'Any' }, ...optionsOf(reasonLabels)],
    },
    {
      ...{ name: 'sort', label: 'Order', value: sort },
      options: [
        { value: '', label: 'Newest report' },
        { value: 'reports', label: 'Most reported' },
      ],
    },
  ]
}

/** The filter that the fields ask for; unknown values count as none. */
export function caseFilterOf({ state = '', reason = '', sort = '' }: Record<string, string>) {
  const isKnown = Object.hasOwn(stateLabels, state)
  const wanted = isKnown ? (state as keyof typeof stateLabels) : 'unresolved'
  return {
    ...(state !== 'all' && { state: wanted }),
    ...(Object.hasOwn(reasonLabels, reason) && { reason: reason as ReasonKind }),
    sort: sort === 'reports' ? ('reports' as const) : ('newest' as const),
  }
}

export function optionsOf(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([value, label]) => ({ value, label }))
}

export function caseBadge({
  state,
  decision,
}: {
  state: string
  decision?: string | null | undefined
}): Html {
  const label = stateLabels[state as CaseState] ?? state
  if (state === 'closed') {
    const as = decision && decisionLabels[decision as CaseDecision]
    return badge(as ? `${label}: ${as.toLowerCase()}` : label, 'quiet')
  }
  return badge(label, state === 'escalated' ? 'bad' : 'warn')
}

export function reasonsOf({ reasons }: { reasons: readonly { reason: string; count: number }[] }) {
  const texts = reasons.map(
    ({ reason, count }) =>
      `${reasonLabels[reason as ReasonKind] ?? reason}${count === 1 ? '' : ` (${count})`}`,
  )
  return texts.join(', ') || '–'
}

/** What a case is about, in a line. */
export function subjectLine({ uri, blob }: Pick<CaseView, 'uri' | 'blob'>): string {
  if (blob !== undefined) return `File ${blob.slice(0, 8)}…${blob.slice(-5)}`
  return uri === undefined ? 'Account' : `Record ${uri.split('/').slice(3).join('/')}`
}

/** An image that is shown sharp only on request. */
export function blurredImage(src: string, label: string): Html {
  return html`<label class="blurred"><input type="checkbox" aria-label="Show ${label}"><img src="${src}" alt="${label}" loading="lazy"></label>`
}

export function historyTable(
  context: RenderContext,
  entries: readonly ShownEntry[],
  nameOf: (actor: string) => Html | string,
): Html {
  return table({
    label: 'History',
    head: ['What', 'Text', 'By', 'Time'],
    rows: entries.map((entry) => [
      html`<div class="nowrap">${whatOf(entry)}</div>`,
      entry.text === undefined ? '–' : html`<div class="said">${entry.text}</div>`,
      entry.by === undefined ? '–' : nameOf(entry.by),
      timeOf(context, entry.at),
    ]),
    empty: 'Nothing yet.',
  })
}

function whatOf({ kind, reasonType, decision, action }: ShownEntry): Html | string {
  switch (kind) {
    case 'report':
      return html`Report<small>${reasonLabels[reasonKindOf(reasonType ?? '')]}</small>`
    case 'note':
      return 'Note'
    case 'opened':
      return 'Opened again'
    case 'escalated':
      return 'Escalated'
    case 'closed':
      return html`Closed<small>${decisionLabels[decision as CaseDecision] ?? decision ?? ''}</small>`
    default:
      return html`Action<small>${action ?? ''}</small>`
  }
}

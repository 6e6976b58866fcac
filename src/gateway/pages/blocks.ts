/** The building blocks of pages: cards, tables, figures, badges, empty states and times. */
import { html, raw } from 'hono/html'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

type Content = Html | string

/**
 * A part of a page with a heading. `danger` marks an action that cannot be undone; `bare` leaves the heading out if it would
 * repeat the title of the page.
 */
export function card(
  title: string,
  body: Content,
  options: {
    id?: string
    /** For screen readers, if several cards may have the title. */
    name?: string
    help?: Content
    badge?: Html | undefined
    danger?: boolean
    bare?: boolean
  } = {},
): Html {
  const { id, name = title, help, badge: state = '', danger = false, bare = false } = options
  const attributes = html`${id === undefined ? '' : html` id="${id}"`}${danger ? raw(' class="danger"') : ''}`
  return html`<section aria-label="${name}"${attributes}>
${bare && state === '' ? '' : html`<div class="head">${bare ? '' : html`<h2>${title}</h2>`}${state}</div>`}
${help === undefined ? '' : html`<p class="muted">${help}</p>`}
${body}
</section>`
}

export interface Table {
  /** What the table lists, for screen readers. */
  label: string
  head: readonly string[]
  /** Cells in the order of the head. */
  rows: readonly (readonly Content[])[]
  /** What is shown if there are no rows. */
  empty: Content
  /** The name by which the island `live` prepends rows. */
  cell?: string
}

/** On a phone each row is a card, and each cell has the text of its head before it. */
export function table({ label, head, rows, empty, cell: name }: Table): Html {
  if (rows.length === 0 && name === undefined) {
    return typeof empty === 'string' ? emptyState(empty) : empty
  }
  const body = name === undefined ? '' : html` data-cell="${name}"`
  return html`<div class="table"><table class="list"><caption>${label}</caption>
<thead><tr>${head.map(columnHead)}</tr></thead>
<tbody${body}>${rows.map((cells) => tableRow(head, cells))}</tbody></table></div>`
}

/** A column of buttons has no head; a header cell without a text would be read as one. */
function columnHead(text: string): Html {
  return text === '' ? html`<td></td>` : html`<th scope="col">${text}</th>`
}

export function tableRow(head: readonly string[], cells: readonly Content[]): Html {
  return html`<tr>${cells.map((content, i) => html`<td data-label="${head[i] ?? ''}">${content}</td>`)}</tr>
`
}

/** A value that the island `live` replaces. */
export function cell(name: string, content: Content): Html {
  return html`<span data-cell="${name}">${content}</span>`
}

/** One figure; several stand side by side in `stats`. */
export function stat(label: string, value: Content | number, hint?: Content): Html {
  return html`<dl class="stat"><dt>${label}</dt><dd>${value}</dd>${hint === undefined ? '' : html`<dd class="muted">${hint}</dd>`}</dl>`
}

export function stats(figures: readonly Html[]): Html {
  return html`<div class="stats">${figures}</div>`
}

/** Names and their values, such as a DID. */
export function facts(rows: readonly (readonly [string, Content])[]): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

export type BadgeKind = 'good' | 'warn' | 'bad' | 'quiet'

export function badge(text: Content, kind: BadgeKind = 'quiet'): Html {
  return html`<span class="badge ${kind}">${text}</span>`
}

export function progress(done: number, total: number, label: string): Html {
  return html`<progress value="${done}" max="${Math.max(total, 1)}" aria-label="${label}">${done} / ${total}</progress>`
}

/** A text with an element in it: `text` has a line break in its place. */
export function withElement(text: string, element: Content): Html {
  const [before = '', after = ''] = text.split('\n')
  return html`${before}${element}${after}`
}

/** Shown instead of an empty list, with what to do next. */
export function emptyState(text: Content, action: Content = ''): Html {
  return html`<div class="empty"><p>${text}</p>${action}</div>`
}

/** Choices behind a button, such as those of a row; each is a link or a form. */
export function menu(label: string, items: readonly Html[]): Html {
  return html`<details class="menu"><summary>${label}</summary><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></details>`
}

const spans = [
  { unit: 'year', ms: 365 * 86_400_000 },
  { unit: 'month', ms: 30 * 86_400_000 },
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1_000 },
] as const

/** Relative to now, with the absolute time as its title; the island `time` makes that local. */
export function timeOf({ messages, now }: RenderContext, iso: string): Html {
  const absolute = messages.formatDate(iso)
  if (now === undefined) return html`<time datetime="${iso}">${absolute}</time>`
  const distance = Date.parse(iso) - now
  const { unit, ms } = spans.find((span) => Math.abs(distance) >= span.ms) ?? spans.at(-1)!
  const format = new Intl.RelativeTimeFormat(messages.language, { numeric: 'auto' })
  const text = format.format(Math.trunc(distance / ms), unit)
  return html`<time datetime="${iso}" title="${absolute}" data-relative>${text}</time>`
}

/** Commits as rows of the timeline. */
import { html } from 'hono/html'
import type { Names } from '#src/gateway/pages/area/names.ts'
import { menu, timeOf } from '#src/gateway/pages/blocks.ts'
import { isShown } from '#src/gateway/pages/history/choices.ts'
import {
  actorNames,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { actionText, kindOf } from '#src/gateway/pages/history/kinds.ts'
import { revBefore } from '#src/gateway/pages/history/moments.ts'
import { type Op, type Previews, previewsOf } from '#src/gateway/pages/history/previews.ts'
import { placeOf } from '#src/gateway/pages/record-path.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

/** Of each commit. */
export const SHOWN_OPS = 3

export interface Commit {
  rev: string
  at: string
  ops: readonly Op[]
  /** How many there are, if these are some of them. */
  opCount?: number
  actor?: string
  client?: string
  action?: string
}

/** Empty texts are columns without a head. */
function headOf({ history: { members } }: HistoryVisit, text: ReturnType<typeof textOf>) {
  return [text('when'), text(members === undefined ? 'app' : 'who'), text('what'), '']
}

export function commitsHead(visit: HistoryVisit): Html {
  const head = headOf(visit, textOf(visit))
  return html`<thead><tr>${head.map((name) => (name === '' ? html`<td></td>` : html`<th scope="col">${name}</th>`))}</tr></thead>`
}

/** Each with its rev as its id. `since` is where the history begins: what was before cannot be read. */
export async function commitRows(
  visit: HistoryVisit,
  commits: readonly Commit[],
  since: string | undefined,
): Promise<{ id: string; html: Html }[]> {
  const actors = commits.flatMap(({ actor = '', client = '' }) => [actor, client])
  const shown = commits.flatMap(({ ops }) => ops.slice(0, SHOWN_OPS))
  const [names, previews] = await Promise.all([actorNames(visit, actors), previewsOf(visit, shown)])
  return commits.map((commit) => {
    const isFirst = commit.rev === since
    return { id: commit.rev, html: row(visit, { ...commit, isFirst }, names, previews) }
  })
}

interface Listed extends Commit {
  isFirst: boolean
}

function row(visit: HistoryVisit, commit: Listed, names: Names, previews: Previews): Html {
  const text = textOf(visit)
  const { rev, at, isFirst } = commit
  const changes = historyUrl(visit, '/changes', { from: revBefore(rev), to: rev })
  const time = timeOf(visit.session, at)
  const when = isFirst ? time : html`<a href="${changes}">${time}</a>`
  const cells = [
    when,
    whoOf(visit, commit, names),
    whatOf(visit, commit, changes, previews),
    menuOf(visit, commit, names),
  ]
  const head = headOf(visit, text)
  return html`<tr data-id="${rev}">${cells.map((cell, i) => html`<td data-label="${head[i]}">${cell}</td>`)}</tr>
`
}

function whoOf(visit: HistoryVisit, { actor, client = '' }: Commit, names: Names): Html {
  const { handle, members } = visit.history
  const link = (one: string) =>
    html`<a href="${historyUrl(visit, '', { actor: one })}">${names(one)}</a>`
  const app = isShown(visit, client) ? link(client) : ''
  if (members === undefined) return app === '' ? html`–` : app
  return html`${actor === undefined ? handle : link(actor)}${app === '' ? '' : html`<small>${app}</small>`}`
}

function whatOf(
  visit: HistoryVisit,
  { ops, opCount = ops.length, action = '', isFirst }: Listed,
  changes: string,
  previews: Previews,
): Html {
  const text = textOf(visit)
  const shown = ops.slice(0, SHOWN_OPS).map((op) => {
    const place = placeOf(op.path)
    const preview = previews(op)
    const href = historyUrl(visit, '/record', place)
    // A record without a text is known by its key: its kind is below.
    const hasName = preview !== undefined && preview !== place.collection
    const name = hasName ? preview : html`<code>${place.rkey}</code>`
    return html`<div><a href="${href}">${name}</a><small>${kindOf(text, place.collection)} · ${actionText(text, op.action)}</small></div>`
  })
  const more = opCount - shown.length
  const moreText = text('more', { n: more })
  const link = isFirst ? moreText : html`<a href="${changes}">${moreText}</a>`
  const rest = more > 0 ? link : ''
  const why = action.startsWith('history.') ? html`<small>${text('wasRestore')}</small>` : ''
  return html`<div>${shown.length === 0 ? text('noRecords') : shown}${rest}${why}</div>`
}

function menuOf(visit: HistoryVisit, { rev, actor, client, isFirst }: Listed, names: Names): Html {
  const text = textOf(visit)
  const before = revBefore(rev)
  const link = (label: string, params: Record<string, string>) =>
    html`<a href="${historyUrl(visit, '/restore', params)}">${label}</a>`
  const isGroup = visit.history.members !== undefined
  const by = isGroup ? actor : client && isShown(visit, client) ? client : undefined
  const undo = text(isGroup ? 'undoSince' : 'undoAppSince', { name: names(by ?? '') })
  return menu(text('restore'), [
    link(text('toHere'), { at: rev }),
    ...(isFirst ? [] : [link(text('toBefore'), { at: before })]),
    ...(by === undefined || isFirst ? [] : [link(undo, { at: before, actor: by })]),
  ])
}

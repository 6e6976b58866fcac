/** The timeline: the commits of a repo, each with who made it and what it wrote. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { timeOf } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { actorChoices, collectionChoices } from '#src/gateway/pages/history/choices.ts'
import {
  type Commit,
  commitRows,
  commitsHead,
  SHOWN_OPS,
} from '#src/gateway/pages/history/commit-rows.ts'
import { orReason } from '#src/gateway/pages/history/errors.ts'
import {
  daysText,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { runningNote } from '#src/gateway/pages/history/restore-progress.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

const PAGE_COMMITS = 15

type Query = Partial<Record<'actor' | 'collection' | 'since' | 'cursor', string>>

export const timelinePage: AreaPage<HistoryVisit> = {
  path: '/history',
  title: (visit) => textOf(visit)('history'),
  isFor: ({ history: { isAllowed } }) => isAllowed,
  async show(visit, c) {
    const query: Query = c.req.query()
    const text = textOf(visit)
    const actions = html`<a class="button quiet" href="${historyUrl(visit, '/settings')}">${text('settings')}</a>`
    const body = await orReason(visit, () => timeline(visit, query))
    return { body, actions, wide: true, isLive: !query.cursor }
  },
  live: {
    source: (visit) => visit.history.events(),
    async fragments(visit, c) {
      const { commits } = await read(visit, c.req.query())
      const { since } = await visit.call(history.getSettings, {
        params: { account: visit.history.did },
      })
      return [
        { cell: 'restore', html: await runningNote(visit) },
        { list: 'commits', rows: await commitRows(visit, commits, since) },
      ]
    },
  },
}

async function timeline(visit: HistoryVisit, query: Query): Promise<Html> {
  const { session, call, history: subject } = visit
  const text = textOf(visit)
  const { commits, cursor } = await read(visit, query)
  const {
    days,
    since: begins,
    sinceAt,
  } = await call(history.getSettings, { params: { account: subject.did } })
  const [actors, collections] = await Promise.all([
    actorChoices(visit, commits, query.actor),
    collectionChoices(visit, query.collection),
  ])
  const { actor = '', collection = '', since = '' } = query
  const filters = filterForm(session, [
    {
      ...{ name: 'actor', value: actor, options: actors },
      label: text(subject.members === undefined ? 'app' : 'who'),
    },
    { name: 'collection', label: text('what'), value: collection, options: collections },
    { name: 'since', label: text('since'), type: 'date', value: since },
  ])
  const rows = await commitRows(visit, commits, begins)
  const after = cursor && historyUrl(visit, '', { ...query, cursor })
  const kept = sinceAt === undefined ? '' : html` ${text('begins')} ${timeOf(session, sinceAt)}`
  return html`<p class="muted">${text('kept', { days: daysText(visit, days) })}${kept}</p>
${filters}<div data-cell="restore">${await runningNote(visit)}</div>
${undoBar(visit, query)}
<div class="table"><table class="list"><caption>${text('history')}</caption>${commitsHead(visit)}<tbody data-cell="commits">${rows.map((row) => row.html)}</tbody></table></div>
${rows.length === 0 ? html`<p class="muted">${text('noCommits')}</p>` : ''}
${pager(session, { after })}`
}

/** With a filter, a way to undo what it finds. */
function undoBar(visit: HistoryVisit, { actor, collection, since }: Query): Html | '' {
  if (!actor && !collection) return ''
  const at = since && dayOf(since)
  const href = historyUrl(visit, '/restore', { actor, collection, at })
  return html`<div class="actions"><a class="button quiet" href="${href}">${textOf(visit)('undoThese')}</a></div>`
}

/** Throws 400 for an invalid filter. */
function read(
  { history: { did, reader, server } }: HistoryVisit,
  { actor, collection, since, cursor }: Query,
): Promise<{ commits: Commit[]; cursor?: string }> {
  return server.dispatch.account(did).history.listCommits({
    ...{ by: { did: reader }, limit: PAGE_COMMITS, maxOps: SHOWN_OPS },
    ...(actor && { actor }),
    ...(collection && { collection }),
    ...(since && { since: dayOf(since) }),
    ...(cursor && { cursor }),
  })
}

function dayOf(date: string): string {
  return `${date.slice(0, 10)}T00:00:00.000Z`
}

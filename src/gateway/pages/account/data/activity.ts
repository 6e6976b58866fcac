/** What has happened to the account, newest first: its security events, and the changes of its records. */
import { html } from 'hono/html'
import type { CommitView } from '#src/account/history/commits.ts'
import type { SecurityEvent } from '#src/account/security-events.ts'
import { XrpcError } from '#src/errors.ts'
import { dataPath, recordHref } from '#src/gateway/pages/account/data/paths.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card, timeOf } from '#src/gateway/pages/blocks.ts'
import { detailText } from '#src/gateway/pages/event-views.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { type Clients, clientsOf } from '#src/gateway/pages/history/clients.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { browserName } from '#src/ports/browser-name.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

const PAGE_ROWS = 40
/** Of one commit. */
const MAX_PATHS = 3

interface Row {
  /** Unique on the page. */
  id: string
  at: string
  html: Html
}

interface Query {
  show: 'everything' | 'security' | 'changes'
  /** ISO 8601: only what happened earlier. */
  before: string | undefined
}

export const activitySection: Section = {
  ...inMyData,
  path: '/data/activity',
  async show(visit) {
    const { session } = visit
    const { text } = dataTexts(session)
    const query = queryOf(visit)
    const { rows, next } = await rowsOf(visit, query)
    const options = (['everything', 'security', 'changes'] as const).map((value) => ({
      ...{ value, label: text(value) },
    }))
    const filter = { name: 'show', label: text('show'), value: query.show, options }
    const head = [text('when'), text('what'), text('details')]
    const isFirst = query.before === undefined
    const body = html`${isFirst ? html`<p class="muted" data-live-on hidden role="status">${text('live')}</p>` : ''}
<div class="table"><table class="list"><caption>${text('activity')}</caption>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody data-cell="activity">${rows.map((row) => row.html)}</tbody></table></div>
${rows.length === 0 ? html`<p class="muted">${text('noActivity')}</p>` : ''}`
    const after =
      next && `${dataPath}/activity?${new URLSearchParams({ show: query.show, before: next })}`
    return html`${dataTabs(session, '/activity')}${filterForm(session, [filter])}
${card(text('activity'), body, { bare: true })}${pager(session, { after })}`
  },
  live: {
    isFor: (visit) => queryOf(visit).before === undefined,
    async fragments(visit) {
      return [{ list: 'activity', rows: (await rowsOf(visit, queryOf(visit))).rows }]
    },
  },
}

function queryOf({ c }: Visit): Query {
  const { show = '', before = '' } = c.req.query()
  return {
    show: show === 'security' || show === 'changes' ? show : 'everything',
    before:
      /^\d{4}-[\d:.TZ-]{6,20}$/.test(before) && !Number.isNaN(Date.parse(before))
        ? before
        : undefined,
  }
}

async function rowsOf(visit: Visit, query: Query): Promise<{ rows: Row[]; next?: string }> {
  const [events, commits] = await Promise.all([
    query.show === 'changes' ? [] : eventRows(visit, query),
    query.show === 'security' ? [] : commitRows(visit, query),
  ])
  const all = [...events, ...commits].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
  let end = PAGE_ROWS
  // The cursor is a time, so what happened at the same time is on the same page.
  while (end < all.length && all[end]!.at === all[end - 1]!.at) end++
  const rows = all.slice(0, end)
  return { rows, ...(end < all.length && { next: rows.at(-1)!.at }) }
}

async function eventRows(visit: Visit, { before }: Query): Promise<Row[]> {
  const { events } = await visit.account.factors.events()
  const shown = events.filter(({ at }) => before === undefined || at < before)
  // Events have no ids; those of the same time are counted from the oldest, to which no later one is added.
  const counts = new Map<string, number>()
  const rows = shown.toReversed().map((event): Row => {
    const { at, kind } = event
    const n = counts.get(at) ?? 0
    counts.set(at, n + 1)
    const id = `${at} ${kind} ${n}`
    return { id, at, html: eventRow(visit, id, event) }
  })
  return rows.reverse()
}

function eventRow(
  visit: Visit,
  id: string,
  { kind, at, ip, userAgent, detail }: SecurityEvent,
): Html {
  const { session } = visit
  const about = detail === null ? '' : html`<small>${detailText(session, detail)}</small>`
  const from = html`${userAgent === null ? '' : browserName(userAgent)}${ip === null ? '' : html`<small>${ip}</small>`}`
  return tableRow(visit, {
    id,
    at,
    what: html`${session.messages.text(kind)}${about}`,
    details: from,
  })
}

/** None if the account keeps no history. */
async function commitRows(visit: Visit, { before }: Query): Promise<Row[]> {
  const { account, did, session } = visit
  const until =
    before === undefined ? {} : { until: new Date(Date.parse(before) - 1).toISOString() }
  try {
    // More than a page of them, so that it is known whether there is a next one.
    const input = {
      by: { did, client: PAGE },
      limit: PAGE_ROWS + 20,
      maxOps: MAX_PATHS,
      ...until,
    }
    const [{ commits }, clients] = await Promise.all([
      account.history.listCommits(input),
      clientsOf(account, session),
    ])
    return commits
      .filter(({ ops }) => ops.length > 0)
      .map((commit) => ({ id: commit.rev, at: commit.at, html: commitRow(visit, commit, clients) }))
  } catch (error) {
    if (error instanceof XrpcError && error.error === 'HistoryOff') return []
    throw error
  }
}

function commitRow(
  visit: Visit,
  { rev: id, at, ops, opCount = ops.length, client }: CommitView,
  clients: Clients,
): Html {
  const { text } = dataTexts(visit.session)
  const [first] = ops
  const words = { create: 'didCreate', update: 'didUpdate', delete: 'didDelete' } as const
  const what = opCount === 1 ? text(words[first!.action]) : text('didMany', { n: opCount })
  const by = client === undefined ? '' : html`<small>${clients.name(client)}</small>`
  const paths = ops.slice(0, MAX_PATHS).map(({ action, path }) => {
    const name = action === 'delete' ? path : html`<a href="${recordHref(path)}">${path}</a>`
    return html`<div>${name}</div>`
  })
  const more = opCount - paths.length
  const details = html`<div>${paths}${more > 0 ? html`<small>${text('andMore', { n: more })}</small>` : ''}</div>`
  return tableRow(visit, { id, at, what: html`${what}${by}`, details })
}

function tableRow(
  { session }: Visit,
  { id, at, what, details }: { id: string; at: string; what: Html; details: Html },
): Html {
  const { text } = dataTexts(session)
  return html`<tr data-id="${id}"><td data-label="${text('when')}">${timeOf(session, at)}</td>
<td data-label="${text('what')}"><div>${what}</div></td><td data-label="${text('details')}"><div>${details}</div></td></tr>
`
}

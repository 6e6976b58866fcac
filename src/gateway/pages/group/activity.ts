/** The activity of a group: its audit log with names and filters, live. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { type Names, namesOf } from '#src/gateway/pages/area/names.ts'
import { timeOf } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { memberChoices } from '#src/gateway/pages/group/history-members.ts'
import { roleName } from '#src/gateway/pages/group/roles.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

const PAGE_ROWS = 40

interface Entry {
  id: string
  at: string
  actor: string
  role: string
  action: string
  target?: string
  detail?: string
  reason?: string
  client?: string
}

interface Filter {
  actor?: string
  action?: string
  since?: string
  cursor?: string
}

export const activityPage: AreaPage<GroupVisit> = {
  path: '/activity',
  title: ({ text }) => text('activity'),
  isFor: ({ manage }) => manage.has('audit'),
  async show(visit, c) {
    const { text, session, base } = visit
    const filter = filterOf(c.req.query())
    const { entries, cursor } = await read(visit, filter, PAGE_ROWS)
    const members = [{ value: '', label: text('everyone') }, ...(await memberChoices(visit))]
    const rows = await rowsOf(visit, entries)
    const next = new URLSearchParams({ ...c.req.query(), ...(cursor && { cursor }) })
    const fields = [
      { name: 'actor', label: text('who'), value: filter.actor ?? '', options: members },
      {
        name: 'action',
        label: text('what'),
        value: c.req.query('action') ?? '',
        options: actionChoices(visit),
      },
      {
        name: 'since',
        label: text('since'),
        type: 'date' as const,
        value: c.req.query('since') ?? '',
      },
    ]
    const isFirst = filter.cursor === undefined
    const body = html`${filterForm(session, fields)}
${isFirst ? html`<p class="muted" data-live-on hidden role="status">${text('live')}</p>` : ''}
${html`<div class="table"><table class="list"><caption>${text('activity')}</caption>${head(visit)}<tbody data-cell="activity">${rows.map((row) => row.html)}</tbody></table></div>`}
${rows.length === 0 ? html`<p class="muted">${text('noActivity')}</p>` : ''}
${pager(session, { ...(cursor && { after: `${base}/activity?${next}` }) })}`
    return { body, wide: true, isLive: isFirst }
  },
  live: {
    source: eventsOfGroup,
    async fragments(visit, c) {
      const { entries } = await read(visit, filterOf(c.req.query()), PAGE_ROWS)
      return [{ list: 'activity', rows: await rowsOf(visit, entries) }]
    },
  },
}

/** A short list for another page; undefined if nothing has happened. */
export async function recentActivity(visit: GroupVisit, limit: number): Promise<Html | undefined> {
  const { entries } = await read(visit, {}, limit)
  if (entries.length === 0) return undefined
  const rows = await rowsOf(visit, entries)
  return html`<div class="table"><table class="list"><caption>${visit.text('activity')}</caption>${head(visit)}<tbody>${rows.map((row) => row.html)}</tbody></table></div>`
}

/** Throws 400 for an invalid filter. */
function filterOf({ actor, action, since, cursor }: Record<string, string>): Filter {
  return {
    ...(actor && { actor }),
    ...(action && { action }),
    ...(since && { since: `${since.slice(0, 10)}T00:00:00.000Z` }),
    ...(cursor && { cursor }),
  }
}

function read(
  { call, group: { did: account } }: GroupVisit,
  filter: Filter,
  limit: number,
): Promise<{ entries: Entry[]; cursor?: string | undefined }> {
  return call(group.getAuditLog, { params: { account, limit, ...filter } })
}

function head({ text }: GroupVisit): Html {
  const names = [text('when'), text('who'), text('what'), text('details')]
  return html`<thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>`
}

async function rowsOf(
  visit: GroupVisit,
  entries: readonly Entry[],
): Promise<{ id: string; html: Html }[]> {
  const dids = entries.flatMap(({ actor, target = '' }) => [actor, target])
  const known = await namesOf(visit.context.server, dids)
  const { did, handle } = visit.group
  const names: Names = (one) => (one === did ? handle : known(one))
  return entries.map((entry) => ({ id: entry.id, html: row(visit, entry, names) }))
}

function row(visit: GroupVisit, entry: Entry, names: Names): Html {
  const { text, session } = visit
  const { id, at, actor, role, action, target = '', detail, reason, client } = entry
  const more = [
    target.startsWith('did:') ? names(target) : recordLink(visit, target),
    wordedDetail(visit, detail, names),
  ]
    .filter((part) => part !== '')
    .map((part) => html`${part} `)
  const why = reason === undefined ? '' : html`<small>${text('reason', { reason })}</small>`
  // Of an app; these pages and sessions are nothing special.
  const by = client?.includes('/')
    ? html`<small>${URL.parse(client)?.hostname ?? client}</small>`
    : ''
  return html`<tr data-id="${id}"><td data-label="${text('when')}">${timeOf(session, at)}</td>
<td data-label="${text('who')}">${names(actor)}${role === 'none' ? '' : html`<small>${roleName(text, role)}</small>`}</td>
<td data-label="${text('what')}">${word(session, 'action', action)}${by}</td>
<td data-label="${text('details')}">${more}${why}</td></tr>
`
}

/** Roles by their names, and members by theirs. What is in the words of the action is left out. */
function wordedDetail({ text, session }: GroupVisit, detail = '', names: Names): string {
  if (['create', 'update', 'delete', 'from an account'].includes(detail)) return ''
  const [, role = '', next] =
    /^([\w-]+)(?: → ([\w-]+)|, on request|, invitation [\w-]+)?$/.exec(detail) ?? []
  if (next !== undefined) return `${roleName(text, role)} → ${roleName(text, next)}`
  if (role !== '') return roleName(text, role)
  const [, rev = '', actor = '', action] =
    /^(?:at|to|from) ([\w:.%-]+)(?:, what (\S+) did(?: by (.+))?)?$/.exec(detail) ?? []
  if (rev === '') return detail
  const what = action === undefined ? '' : word(session, 'action', action)
  return [names(rev), names(actor), what].filter((part) => part !== '').join(', ')
}

/** A record's path leads to its collection. */
function recordLink({ base }: GroupVisit, target: string): Html | string {
  const [collection = '', rkey, ...rest] = target.split('/')
  const isPath = rkey !== undefined && rest.length === 0 && collection.includes('.')
  // The id of an invitation says nothing to people.
  if (!isPath) return /^[\w-]{22}$/.test(target) ? '' : target
  const query = new URLSearchParams({ collection })
  return html`<a href="${base}/content?${query}">${target}</a>`
}

/** The actions of the filter. */
const filteredActions: readonly string[] = [
  'repo.createRecord',
  'repo.putRecord',
  'repo.deleteRecord',
  'repo.applyWrites',
  'blob.add',
  'member added',
  'member joined',
  'member changed',
  'member removed',
  'invitation created',
  'invitation revoked',
  'join requested',
  'join declined',
  'group created',
  'ownership offered',
  'ownership accepted',
  'app password created',
  'app password revoked',
  'session created',
  'service.getServiceAuth',
  'migration.begin',
]

function actionChoices({ text, session }: GroupVisit): { value: string; label: string }[] {
  return [
    { value: '', label: text('everything') },
    ...filteredActions.map((value) => ({ value, label: word(session, 'action', value) })),
  ]
}

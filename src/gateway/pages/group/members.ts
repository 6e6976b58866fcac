/** The members of a group: add, change, remove. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf, type Names, namesOf } from '#src/gateway/pages/area/names.ts'
import { sliceOf } from '#src/gateway/pages/area/slices.ts'
import { badge, card, menu, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { type Field, field, filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { deleteRole, putRole, roleCard } from '#src/gateway/pages/group/role-card.ts'
import { givenRoles, roleName, rolesOf } from '#src/gateway/pages/group/roles.ts'
import { historyUrl } from '#src/gateway/pages/history/history-visit.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { OWNER } from '#src/rules/group-roles.ts'

/** With the form of each, a page stays small. */
const PAGE_MEMBERS = 15
const READ_MEMBERS = 100
/** The bound on the members of a group. */
const MAX_READS = 10

interface Member {
  did: string
  role: string
  kind: string
  addedAt: string
  expiresAt?: string
  note?: string
}

interface Query {
  q?: string
  cursor?: string
}

export const membersPage: AreaPage<GroupVisit> = {
  path: '/members',
  title: ({ text }) => text('members'),
  async show(visit, c) {
    const { text, session, base, manage } = visit
    const query: Query = c.req.query()
    const { list, cursor } = await membersTable(visit, query)
    const next = new URLSearchParams({
      ...(query.q && { q: query.q }),
      ...(cursor !== undefined && { cursor }),
    })
    const search: Field = { name: 'q', label: text('find'), type: 'search', value: query.q }
    const roles = await rolesOf(visit)
    const after = cursor === undefined ? {} : { after: `${base}/members?${next}` }
    const body = html`${card(text('members'), html`${filterForm(session, [search])}<div data-cell="members">${list}</div>${pager(session, after)}`)}
${manage.has('members') ? addForm(visit, givenRoles(visit, roles)) : ''}
${roleCard(visit, roles)}`
    return { body, wide: true, isLive: true }
  },
  actions: {
    add: async ({ call, context, group: { did: account } }, form) => {
      const did = await didOf(context.server, form['who'] ?? '')
      const { role = '', note = '', kind = 'person' } = form
      const expiresAt = endOf(form['until'])
      await call(group.addMember, {
        input: {
          ...{ account, did, role, kind },
          ...(note !== '' && { note }),
          ...(expiresAt !== undefined && { expiresAt }),
        },
      })
      return undefined
    },
    change: async ({ call, group: { did: account } }, form) => {
      const { did = '', role = '' } = form
      await call(group.updateMember, {
        input: { account, did, role, expiresAt: endOf(form['until']) ?? null },
      })
      return undefined
    },
    remove: async ({ call, group: { did: account } }, form) => {
      const { did = '', reason = '' } = form
      await call(group.removeMember, {
        input: { account, did, ...(reason !== '' && { reason }) },
      })
      return undefined
    },
    role: putRole,
    'role/delete': deleteRole,
  } satisfies Record<string, Action<GroupVisit>>,
  live: {
    source: eventsOfGroup,
    fragments: async (visit, c) => [
      { cell: 'members', html: (await membersTable(visit, c.req.query())).list },
    ],
  },
}

/** The end of a day, in UTC. Throws 400. */
function endOf(date: string | undefined): string | undefined {
  if (date === undefined || date === '') return undefined
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw invalidRequest(`This must be a date: ${date}`)
  return `${date}T23:59:59.000Z`
}

async function membersTable(
  visit: GroupVisit,
  query: Query,
): Promise<{ list: Html; cursor?: string | undefined }> {
  const { text, session, manage } = visit
  const { members, cursor, names } = await read(visit, query)
  const choices = manage.has('members') ? givenRoles(visit, await rolesOf(visit)) : []
  const list = table({
    label: text('members'),
    head: [text('who'), text('role'), text('addedAt'), text('until'), ''],
    rows: members.map((member) => {
      const { did, role, kind, addedAt, expiresAt, note = '' } = member
      const isMe = did === visit.did
      return [
        html`${names(did)}${names(did) === did ? '' : html`<small><code>${did}</code></small>`}${note === '' ? '' : html`<small>${note}</small>`}${isMe ? '' : undoLink(visit, did)}`,
        html`${badge(roleName(text, role), role === OWNER ? 'good' : 'quiet')}${kind === 'service' ? html` ${badge(text('service'))}` : ''}`,
        timeOf(session, addedAt),
        expiresAt === undefined ? '' : timeOf(session, expiresAt),
        isMe ? badge(text('you')) : memberMenu(visit, member, names, choices),
      ]
    }),
    empty: text('noneFound'),
  })
  return { list, cursor }
}

/** To the history of what the member did. */
function undoLink(visit: GroupVisit, actor: string): Html | '' {
  if (!visit.manage.has('history')) return ''
  const href = historyUrl(visit, '/restore', { actor })
  return html`<small><a href="${href}">${visit.text('undoTheirs')}</a></small>`
}

async function read(
  { call, group: { did: account }, context }: GroupVisit,
  { q = '', cursor }: Query,
): Promise<{ members: Member[]; cursor?: string | undefined; names: Names }> {
  const page = (limit: number, after: string | undefined) =>
    call(group.listMembers, {
      params: { account, limit, ...(after !== undefined && { cursor: after }) },
    })
  const namesOfAll = (members: readonly Member[]) =>
    namesOf(
      context.server,
      members.map(({ did }) => did),
    )
  const wanted = q.trim().toLowerCase()
  if (wanted === '') {
    const { members, cursor: next } = await page(PAGE_MEMBERS, cursor)
    return { members, cursor: next, names: await namesOfAll(members) }
  }
  const all: Member[] = []
  for (let i = 0, after: string | undefined; i < MAX_READS; i++) {
    const next = await page(READ_MEMBERS, after)
    all.push(...next.members)
    after = next.cursor
    if (after === undefined) break
  }
  const names = await namesOfAll(all)
  const found = all.filter(({ did, role, note = '' }) =>
    [names(did), did, role, note].some((value) => value.toLowerCase().includes(wanted)),
  )
  const { rows, next } = sliceOf(found, cursor, PAGE_MEMBERS)
  return { members: rows, cursor: next, names }
}

function memberMenu(
  visit: GroupVisit,
  { did, role, expiresAt }: Member,
  names: Names,
  choices: readonly { value: string; label: string }[],
): Html | '' {
  const { text, session, manage, base } = visit
  // Of an owner only an owner may change something; and of a role only who may give it.
  const mayChange = visit.role === OWNER || choices.some(({ value }) => value === role)
  if (!manage.has('members') || !mayChange) return ''
  const id = did.replaceAll(/\W/g, '-')
  const change = html`<form method="post" action="${base}/members/change">${hiddenFields(session, { did })}
${unique(id, { name: 'role', label: text('role'), options: choices, value: role })}
${unique(id, { name: 'until', label: text('until'), type: 'date', value: expiresAt?.slice(0, 10) })}
<button class="quiet">${text('change')}</button></form>`
  const remove = html`<form method="post" action="${base}/members/remove">${hiddenFields(session, { did })}
${unique(id, { name: 'reason', label: text('why'), maxLength: 300 })}
<button class="bad" aria-label="${text('remove')}: ${names(did)}">${text('remove')}</button></form>`
  return menu(text('manage'), role === OWNER ? [remove] : [change, remove])
}

/** A field whose id is not that of the same field in another row. */
function unique(id: string, input: Field): Html {
  const { name, label, options, value = '', type = 'text', maxLength } = input
  const control =
    options === undefined
      ? html`<input type="${type}" id="${name}-${id}" name="${name}" value="${value}"${maxLength === undefined ? '' : html` maxlength="${maxLength}"`}>`
      : html`<select id="${name}-${id}" name="${name}">${options.map((one) => html`<option value="${one.value}"${one.value === value ? html` selected` : ''}>${one.label}</option>`)}</select>`
  return html`<label for="${name}-${id}">${label}</label>${control}`
}

function addForm(visit: GroupVisit, choices: readonly { value: string; label: string }[]): Html {
  const { text, session, base } = visit
  const kinds = [
    { value: 'person', label: text('person') },
    { value: 'service', label: text('service') },
  ]
  return card(
    text('addMember'),
    html`<form method="post" action="${base}/members/add">${hiddenFields(session)}
${field({ name: 'who', label: text('handleOrDid'), required: true, maxLength: 300 })}
${field({ name: 'role', label: text('role'), options: choices, value: 'editor' })}
${field({ name: 'kind', label: text('kind'), options: kinds })}
${field({ name: 'until', label: text('untilOptional'), type: 'date' })}
${field({ name: 'note', label: text('note'), maxLength: 300 })}
<button>${text('add')}</button></form>`,
    { help: text('addMemberHelp') },
  )
}

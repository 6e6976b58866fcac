/** The apps that members use as the group, each with who uses it, and the member's own app passwords. */
import { html } from 'hono/html'
import { forbidden } from '#src/errors.ts'
import { actingMemberOf } from '#src/gateway/group/principal.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { sliceOf } from '#src/gateway/pages/area/slices.ts'
import { card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { asMember } from '#src/rules/acting-member.ts'
import { PAGE } from '#src/rules/commit-clients.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const PAGE_APPS = 20
/** Characters of what an app may do. */
const MAX_SCOPE = 300

interface App {
  id: string
  clientId: string
  scope: string
  createdAt: number
  updatedAt: number
  member?: string
}

export const appsPage: AreaPage<GroupVisit> = {
  path: '/apps',
  title: ({ text }) => text('apps'),
  async show(visit, c) {
    const { text } = visit
    const isMember = visit.did !== visit.group.did
    const body = html`${card(text('apps'), html`<div data-cell="apps">${await appTable(visit, c.req.query('cursor'))}</div>`, { help: text('appsHelp') })}
${isMember ? card(text('appPasswords'), await passwords(visit), { help: text('appPasswordsHelp') }) : ''}`
    return { body, wide: true, isLive: true }
  },
  actions: {
    end: async (visit, form) => {
      const app = (await appsOf(visit)).find(({ id }) => id === form['id'])
      if (app === undefined) throw forbidden('The app has no access, or it is not yours to end')
      const { id, clientId } = app
      await (await accountOf(visit)).oauth.removeGrant({ id, clientId } as never)
      return undefined
    },
    password: async ({ call, text, group: { did: account } }, form) => {
      const { password } = await call(group.createAppPassword, {
        input: { account, name: form['name'] ?? '' },
      })
      const body = html`<div class="secret">${password}</div>`
      return { once: card(text('passwordMade'), body, { help: text('shownOnce') }) }
    },
    'password/revoke': async ({ call, group: { did: account } }, form) => {
      await call(group.revokeAppPassword, { input: { account, name: form['name'] ?? '' } })
      return undefined
    },
  },
  live: {
    source: eventsOfGroup,
    fragments: async (visit, c) => [
      { cell: 'apps', html: await appTable(visit, c.req.query('cursor')) },
    ],
  },
}

/** All of the group with the flag `apps`; otherwise the member's own. */
async function appsOf({
  context,
  did,
  group: { did: account },
  manage,
}: GroupVisit): Promise<App[]> {
  const { oauth } = context.server.dispatch.account(account)
  const grants = await oauth.listGrants(manage.has('apps') ? {} : { member: did })
  return grants.map(({ data, ...grant }) => {
    const stored = JSON.parse(data) as {
      clientId?: string
      scope?: string
      parameters?: { scope?: string }
    }
    const { clientId = '', scope = stored.parameters?.scope ?? '' } = stored
    return { ...grant, clientId, scope }
  })
}

/** The group as this member changes it, so that the audit log names it. Throws 403 NotAMember. */
async function accountOf({ context, c, did, group: { did: account } }: GroupVisit) {
  const remote = context.server.dispatch.account(account)
  if (did === account) return remote
  const caller = await context.members.ofCaller({ did: account, member: did, client: PAGE })
  const call = { request: c.req.raw, incoming: c.env?.incoming, server: context.server }
  return asMember(remote, actingMemberOf(call, caller.actingMember!))
}

async function appTable(visit: GroupVisit, cursor: string | undefined): Promise<Html> {
  const { text, session, base } = visit
  const { rows: apps, next } = sliceOf(await appsOf(visit), cursor, PAGE_APPS)
  const names = await namesOf(
    visit.context.server,
    apps.flatMap(({ member = '' }) => [member]),
  )
  const list = table({
    label: text('apps'),
    head: [text('app'), text('usedBy'), text('mayDo'), text('since'), text('lastUsed'), ''],
    rows: apps.map(({ id, clientId, scope, createdAt, updatedAt, member }) => [
      URL.parse(clientId)?.hostname ?? clientId,
      member === undefined ? text('itself') : names(member),
      html`<small>${scope.slice(0, MAX_SCOPE)}</small>`,
      timeOf(session, isoTime(createdAt)),
      timeOf(session, isoTime(updatedAt)),
      actionForm(session, {
        ...{ action: `${base}/apps/end`, label: text('end'), fields: { id } },
        about: URL.parse(clientId)?.hostname ?? clientId,
      }),
    ]),
    empty: text('noApps'),
  })
  const after = next && `${base}/apps?${new URLSearchParams({ cursor: next })}`
  return html`${list}${pager(session, { after })}`
}

async function passwords(visit: GroupVisit): Promise<Html> {
  const { text, session, base, call } = visit
  const { passwords: own } = await call(group.listAppPasswords, {
    params: { account: visit.group.did },
  })
  const list = table({
    label: text('appPasswords'),
    head: [text('name'), text('since'), ''],
    rows: own.map(({ name, createdAt }) => [
      name,
      timeOf(session, createdAt),
      actionForm(session, {
        ...{ action: `${base}/apps/password/revoke`, label: text('revoke'), about: name },
        fields: { name },
      }),
    ]),
    empty: text('noPasswords'),
  })
  return html`${list}<form method="post" action="${base}/apps/password">${hiddenFields(session)}
${field({ name: 'name', label: text('appName'), required: true, maxLength: 100 })}
<button class="quiet">${text('create')}</button></form>`
}

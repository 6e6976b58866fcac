/** Invitations and links to join a group, and the requests of those who asked. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf, namesOf } from '#src/gateway/pages/area/names.ts'
import { sliceOf } from '#src/gateway/pages/area/slices.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { groupPath } from '#src/gateway/pages/group/group-path.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { requestTable, resolveRequest } from '#src/gateway/pages/group/requests.ts'
import { givenRoles, roleName, rolesOf } from '#src/gateway/pages/group/roles.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const DAY_MS = 86_400_000
const PAGE_INVITES = 15

export const invitesPage: AreaPage<GroupVisit> = {
  path: '/invites',
  title: ({ text }) => text('invites'),
  badge: ({ requests }) => (requests === 0 ? undefined : String(requests)),
  isFor: ({ manage }) => manage.has('invites') || manage.has('requests'),
  async show(visit, c) {
    const { text, manage } = visit
    const body = html`${manage.has('requests') ? card(text('requests'), await requestTable(visit), { help: text('requestsHelp') }) : ''}
${manage.has('invites') ? card(text('newInvite'), await form(visit), { help: text('newInviteHelp') }) : ''}
${manage.has('invites') ? card(text('openInvites'), await open(visit, c.req.query('cursor'))) : ''}`
    return { body, wide: true }
  },
  actions: {
    resolve: resolveRequest,
    create: async (visit, form) => {
      const {
        call,
        context,
        text,
        group: { did: account, handle },
      } = visit
      const { role = '', who = '', uses = '', days = '7', note = '', approval } = form
      const forWhom = who === '' ? undefined : await didOf(context.server, who)
      const { token } = await call(group.createInvite, {
        input: {
          ...{ account, role, approval: approval === 'yes' },
          expiresAt: isoTime(context.clock.now() + wholeNumber(days) * DAY_MS),
          ...(forWhom !== undefined && { for: forWhom }),
          ...(uses !== '' && forWhom === undefined && { uses: wholeNumber(uses) }),
          ...(note !== '' && { note }),
        },
      })
      const query = new URLSearchParams({ token })
      const link = `${context.server.service.publicUrl}${groupPath(handle)}/join?${query}`
      return {
        once: card(text('linkMade'), html`<div class="secret">${link}</div>`, {
          help: text('linkMadeHelp'),
        }),
      }
    },
    revoke: async ({ call, group: { did: account } }, form) => {
      await call(group.revokeInvite, { input: { account, id: form['id'] ?? '' } })
      return undefined
    },
  },
}

/** Throws 400. */
function wholeNumber(text: string): number {
  if (/^\d{1,5}$/.test(text.trim())) return Number(text)
  throw invalidRequest(`This must be a number: ${text}`)
}

async function form(visit: GroupVisit): Promise<Html> {
  const { text, session, base } = visit
  const choices = givenRoles(visit, await rolesOf(visit))
  return html`<form method="post" action="${base}/invites/create">${hiddenFields(session)}
${field({ name: 'role', label: text('role'), options: choices, value: 'editor' })}
${field({ name: 'who', label: text('forWhom'), help: text('forWhomHelp'), maxLength: 300 })}
${field({ name: 'days', label: text('days'), type: 'number', value: '7', required: true })}
${field({ name: 'uses', label: text('uses'), type: 'number', help: text('usesHelp') })}
${field({ name: 'note', label: text('note'), maxLength: 300 })}
${field({ name: 'approval', label: text('approval'), type: 'check' })}
<button>${text('makeLink')}</button></form>`
}

async function open(visit: GroupVisit, cursor: string | undefined): Promise<Html> {
  const { text, session, base, call, context } = visit
  const { invites: all } = await call(group.listInvites, { params: { account: visit.group.did } })
  const { rows: invites, next } = sliceOf(all, cursor, PAGE_INVITES)
  const dids = invites.flatMap((one) => [one.createdBy, one.for ?? ''])
  const names = await namesOf(context.server, dids)
  const list = table({
    label: text('openInvites'),
    head: [text('forWhom'), text('role'), text('madeBy'), text('until'), text('usesLeft'), ''],
    rows: invites.map(
      ({ id, kind, role, for: did, usesLeft, approval, note = '', createdBy, expiresAt }) => [
        html`${did === undefined ? text('link') : names(did)}${kind === 'transfer' ? html` ${badge(text('ownership'), 'warn')}` : ''}${note === '' ? '' : html`<small>${note}</small>`}`,
        html`${roleName(text, role)}${approval ? html` ${badge(text('withApproval'))}` : ''}`,
        names(createdBy),
        timeOf(session, expiresAt),
        usesLeft === undefined ? '∞' : String(usesLeft),
        actionForm(session, {
          ...{ action: `${base}/invites/revoke`, label: text('revoke'), fields: { id } },
          about: did === undefined ? text('link') : names(did),
        }),
      ],
    ),
    empty: text('noInvites'),
  })
  const after = next && `${base}/invites?${new URLSearchParams({ cursor: next })}`
  return html`${list}${pager(session, { after })}`
}

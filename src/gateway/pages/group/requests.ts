/** Requests to join a group, with the forms by which they are accepted or declined. */
import { html } from 'hono/html'
import type { Action } from '#src/gateway/pages/area/area.ts'
import { namesOf } from '#src/gateway/pages/area/names.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { roleName } from '#src/gateway/pages/group/roles.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

/** The first ones. */
const MAX_SHOWN = 15

export async function requestTable(visit: GroupVisit): Promise<Html> {
  const { text, session, call, context, base } = visit
  const { requests: all } = await call(group.listJoinRequests, {
    params: { account: visit.group.did },
  })
  const requests = all.slice(0, MAX_SHOWN)
  const more = all.length - requests.length
  const names = await namesOf(
    context.server,
    requests.map(({ did }) => did),
  )
  const list = table({
    label: text('requests'),
    head: [text('who'), text('asksFor'), text('said'), text('when'), ''],
    rows: requests.map(({ did, role, text: said = '', requestedAt }) => {
      const form = (label: string, accept: string, kind: 'primary' | 'quiet') =>
        actionForm(session, {
          ...{ action: `${base}/invites/resolve`, label, about: names(did), kind },
          fields: { did, accept },
        })
      return [
        names(did),
        roleName(text, role),
        said,
        timeOf(session, requestedAt),
        html`<div class="actions">${form(text('accept'), 'yes', 'primary')}${form(text('decline'), '', 'quiet')}</div>`,
      ]
    }),
    empty: text('noRequests'),
  })
  return more === 0 ? list : html`${list}<p class="muted">${text('more', { n: more })}</p>`
}

export const resolveRequest: Action<GroupVisit> = async (
  { call, group: { did: account } },
  form,
) => {
  const { did = '', accept = '' } = form
  await call(group.resolveJoinRequest, { input: { account, did, accept: accept === 'yes' } })
  return undefined
}

/** The section on groups: the accounts that this one is a member of. */
import { html } from 'hono/html'
import type { Section } from '#src/gateway/pages/account/section.ts'
import { badge, card, emptyState, table } from '#src/gateway/pages/blocks.ts'
import { pager } from '#src/gateway/pages/form-blocks.ts'

const PAGE_SIZE = 50

export const groupsSection: Section = {
  path: '/groups',
  title: 'groups',
  async show({ c, texts, session, did, context }) {
    const cursor = c.req.query('cursor')?.slice(0, 300)
    const { memberships } = context.server.dispatch.directory
    const { groups, cursor: next } = await memberships.list({
      ...{ member: did, limit: PAGE_SIZE },
      ...(cursor && { cursor }),
    })
    const rows = groups.map(({ did: group, handle, role, status }) => {
      const href = `/groups/${encodeURIComponent(handle ?? group)}`
      const state = status === 'deactivated' ? badge(texts.text('paused'), 'warn') : ''
      return [html`<a href="${href}">@${handle ?? group}</a> ${state}`, role]
    })
    const create = html`<a class="button quiet" href="/groups/new">${texts.text('newGroup')}</a>`
    const empty = emptyState(texts.text('noGroups'), create)
    const head = [texts.text('group'), texts.text('role')]
    const label = texts.text('groups')
    const list = table({ label, head, rows, empty })
    const after = next === undefined ? undefined : `?cursor=${encodeURIComponent(next)}`
    const body = rows.length === 0 ? list : html`${list}<div class="actions">${create}</div>`
    return html`${card(label, body, { help: texts.text('groupsHelp'), bare: true })}
${pager(session, { after })}`
  },
}

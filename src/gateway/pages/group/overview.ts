/** The first page of a group: open requests, figures and recent activity. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { card, cell, emptyState, facts, stat, stats } from '#src/gateway/pages/blocks.ts'
import { recentActivity } from '#src/gateway/pages/group/activity.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { mayPost, newPostLink } from '#src/gateway/pages/group/new-post.ts'
import { requestTable } from '#src/gateway/pages/group/requests.ts'
import { roleName } from '#src/gateway/pages/group/roles.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

const SHOWN_EVENTS = 8
const MAX_COUNTED = 100

export const overviewPage: AreaPage<GroupVisit> = {
  path: '',
  title: ({ text }) => text('overview'),
  async show(visit) {
    const { text, manage } = visit
    const body = html`${cell('figures', await figures(visit))}
${manage.has('requests') ? card(text('requests'), cell('requests', await requestTable(visit)), { help: text('requestsHelp') }) : ''}
${manage.has('audit') ? card(text('activity'), cell('recent', await recent(visit))) : ''}
${card(text('about'), about(visit))}`
    return { body, wide: true, isLive: true, actions: mayPost(visit) ? newPostLink(visit) : html`` }
  },
  live: {
    source: eventsOfGroup,
    fragments: async (visit) => [
      { cell: 'figures', html: await figures(visit) },
      ...(visit.manage.has('requests')
        ? [{ cell: 'requests', html: await requestTable(visit) }]
        : []),
      ...(visit.manage.has('audit') ? [{ cell: 'recent', html: await recent(visit) }] : []),
    ],
  },
}

async function figures({
  call,
  group: { did: account },
  manage,
  text,
  role,
  requests,
  base,
}: GroupVisit) {
  const { members, cursor } = await call(group.listMembers, {
    params: { account, limit: MAX_COUNTED },
  })
  const more = cursor === undefined ? '' : '+'
  const invites = manage.has('invites')
    ? (await call(group.listInvites, { params: { account } })).invites.length
    : undefined
  const link = (path: string, content: string | number) =>
    html`<a href="${base}${path}">${content}</a>`
  return stats([
    stat(text('members'), link('/members', `${members.length}${more}`)),
    ...(manage.has('requests') ? [stat(text('requests'), link('/invites', requests))] : []),
    ...(invites === undefined ? [] : [stat(text('openInvites'), link('/invites', invites))]),
    stat(text('yourRole'), roleName(text, role)),
  ])
}

async function recent(visit: GroupVisit): Promise<Html> {
  const rows = await recentActivity(visit, SHOWN_EVENTS)
  const { text, base } = visit
  if (rows === undefined) return emptyState(text('noActivity'))
  return html`${rows}<p><a href="${base}/activity">${text('allActivity')}</a></p>`
}

function about({ text, session, group: found }: GroupVisit): Html {
  const rows: [string, Html | string][] = [
    [text('handle'), found.handle],
    ['DID', html`<code>${found.did}</code>`],
    [text('status'), word(session, 'status', found.status)],
  ]
  return facts(rows)
}

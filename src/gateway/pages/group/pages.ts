/** The routes of the pages of groups. */
import type { Hono } from 'hono'
import { groupArchivesPage } from '#src/gateway/pages/archives/group/page.ts'
import type { Area } from '#src/gateway/pages/area/area.ts'
import { type AreaContext, areaRoutes } from '#src/gateway/pages/area/area-routes.ts'
import { activityPage } from '#src/gateway/pages/group/activity.ts'
import { appsPage } from '#src/gateway/pages/group/apps.ts'
import { contentPage } from '#src/gateway/pages/group/content.ts'
import { groupsPath } from '#src/gateway/pages/group/group-path.ts'
import {
  type GroupContext,
  type GroupVisit,
  visitGroup,
} from '#src/gateway/pages/group/group-visit.ts'
import { invitesPage } from '#src/gateway/pages/group/invites.ts'
import { membersPage } from '#src/gateway/pages/group/members.ts'
import { newPostPage } from '#src/gateway/pages/group/new-post.ts'
import { overviewPage } from '#src/gateway/pages/group/overview.ts'
import { ownGroupPages } from '#src/gateway/pages/group/own-groups.ts'
import { settingsPage } from '#src/gateway/pages/group/settings.ts'
import { historyPages } from '#src/gateway/pages/history/pages.ts'
import { groupMovePage } from '#src/gateway/pages/move/group/page.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

export function groupArea(context: GroupContext): Area<GroupVisit> {
  return {
    path: `${groupsPath}/:group`,
    pages: [
      overviewPage,
      membersPage,
      invitesPage,
      contentPage,
      newPostPage,
      activityPage,
      ...historyPages,
      appsPage,
      settingsPage,
      groupArchivesPage,
      groupMovePage,
    ],
    visit: (c, session) => visitGroup(context, c, session),
  }
}

export function groupPages(app: Hono<Env>, context: GroupContext & AreaContext): void {
  // Before the area, whose pages are below the name of a group.
  ownGroupPages(app, context)
  areaRoutes(app, context, groupArea(context))
}

/** The page on archives of a group in a bucket, for members with the flag `history`. */
import { actingMemberOf } from '#src/gateway/group/principal.ts'
import {
  type ArchivesVisit,
  archiveForms,
  archiveFragments,
  countedForms,
  isArchiving,
  showArchives,
} from '#src/gateway/pages/archives/archives-page.ts'
import { groupArchiveTexts } from '#src/gateway/pages/archives/group/texts.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { countAttempt } from '#src/gateway/pages/count-attempts.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { groupTexts } from '#src/gateway/pages/group/texts.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

const path = '/settings/archives'

export const groupArchivesPage: AreaPage<GroupVisit> = {
  path,
  title: ({ session }) => groupTexts(session).text('archives'),
  isInNav: false,
  isFor: ({ manage }) => manage.has('history'),
  async show(visit, _, note) {
    const archives = archivesOf(visit)
    return { body: await showArchives(archives, note), isLive: await isArchiving(archives) }
  },
  live: { everyMs: 2_000, fragments: (visit) => archiveFragments(archivesOf(visit)) },
  actions: Object.fromEntries(
    Object.entries(archiveForms).map(([name, run]): [string, Action<GroupVisit>] => [
      name,
      async (visit, form, c) => {
        const counted = (countedForms as Record<string, string>)[name]
        if (counted !== undefined) await countAttempt(visit.context, c, counted, visit.group.did)
        return { note: await run(archivesOf(visit), form) }
      },
    ]),
  ),
}

function archivesOf(visit: GroupVisit): ArchivesVisit {
  const { c, context, session, group, base, did: member } = visit
  const { did } = group
  const { server, members } = context
  return {
    ...{ context, session, did, path: `${base}${path}`, text: groupArchiveTexts(session).text },
    async note(action, detail) {
      const caller = await members.ofCaller({ did, member, client: PAGE })
      const incoming = c.env?.incoming
      const call = { request: c.req.raw, server, ...(incoming !== undefined && { incoming }) }
      const by =
        caller.actingMember === undefined
          ? { did: member, client: PAGE }
          : actingMemberOf(call, caller.actingMember)
      await server.dispatch.account(did).archive.noteChange({
        ...{ by, action },
        ...(detail !== undefined && { detail }),
      })
    },
  }
}

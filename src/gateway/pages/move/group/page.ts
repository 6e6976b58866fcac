/** The page on which an owner moves a group to another server, and back. */
import { forbidden } from '#src/errors.ts'
import { actingMemberOf } from '#src/gateway/group/principal.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { groupMoveTexts } from '#src/gateway/pages/move/group/texts.ts'
import {
  isMoving,
  type MoveVisit,
  moveForms,
  moveFragments,
  showMove,
} from '#src/gateway/pages/move/move-page.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'
import { PAGE } from '#src/rules/commit-clients.ts'
import { OWNER } from '#src/rules/group-roles.ts'

const path = '/settings/move'

export const groupMovePage: AreaPage<GroupVisit> = {
  path,
  title: ({ session }) => groupMoveTexts(session).text('moveAway'),
  isInNav: false,
  isFor: ({ role }) => role === OWNER,
  async show(visit, _, note) {
    const move = moveVisitOf(visit)
    return { body: await showMove(move, note), isLive: await isMoving(move) }
  },
  live: { everyMs: 1_000, fragments: (visit) => moveFragments(moveVisitOf(visit)) },
  actions: Object.fromEntries(
    Object.entries(moveForms).map(([name, run]): [string, Action<GroupVisit>] => [
      name,
      async (visit, form) => {
        const outcome = await run(moveVisitOf(visit), form)
        return outcome instanceof Response ? { response: outcome } : { note: outcome }
      },
    ]),
  ),
}

function moveVisitOf(visit: GroupVisit): MoveVisit {
  const { c, context, session, group, base } = visit
  const { did, handle: name, status } = group
  return {
    ...{ c, context, session, did, name, texts: groupMoveTexts(session), path: `${base}${path}` },
    describe: async () => ({ status, email: '' }),
    // Without one, it is the group itself, signed in with its own password.
    ...(visit.did !== did && { owner: () => ownerOf(visit) }),
  }
}

async function ownerOf({ c, context, did: member, group }: GroupVisit): Promise<ActingMember> {
  const caller = await context.members.ofCaller({ did: group.did, member, client: PAGE })
  if (caller.actingMember?.role !== OWNER) throw forbidden('Only an owner may move the group')
  const { server } = context
  const incoming = c.env?.incoming
  const call = { request: c.req.raw, server, ...(incoming !== undefined && { incoming }) }
  return actingMemberOf(call, caller.actingMember)
}

/** The members of a group, as the pages of its history ask for them. */
import { namesOf } from '#src/gateway/pages/area/names.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { givenRoles, rolesOf } from '#src/gateway/pages/group/roles.ts'
import type { Choice, Members } from '#src/gateway/pages/history/history-visit.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { OWNER } from '#src/rules/group-roles.ts'

const MAX_CHOICES = 100

export async function memberChoices({
  call,
  group: { did: account },
  context,
}: GroupVisit): Promise<Choice[]> {
  const { members } = await call(group.listMembers, { params: { account, limit: MAX_CHOICES } })
  const names = await namesOf(
    context.server,
    members.map(({ did }) => did),
  )
  return members.map(({ did }) => ({ value: did, label: names(did) }))
}

/** `of` is asked for the visit only when a page needs it. */
export function historyMembers(of: () => GroupVisit): Members {
  return {
    choices: () => memberChoices(of()),
    async mayRemove(did) {
      const visit = of()
      const { manage, context, group: found, role: own } = visit
      if (!manage.has('members') || did === visit.did || !did.startsWith('did:')) return false
      const { memberships } = context.server.dispatch.directory
      const member = await memberships.find({ account: found.did, member: did })
      if (member === null) return false
      const given = givenRoles(visit, await rolesOf(visit))
      return own === OWNER || given.some(({ value }) => value === member.role)
    },
    async remove(did, reason) {
      const { call, group: found } = of()
      await call(group.removeMember, {
        input: { account: found.did, did, ...(reason !== '' && { reason }) },
      })
    },
  }
}

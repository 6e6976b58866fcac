/** The events that open pages of a group follow: those that the member's role may receive. */
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

/** Throws 403 NotAMember. */
export async function eventsOfGroup({
  context,
  did: own,
  group: { did },
}: GroupVisit): Promise<LivePage['source']> {
  const validAt = context.clock.now()
  const request = { dids: [did] }
  // The group itself is signed in, with its own password.
  if (own === did)
    return { credential: { kind: 'session', did, scope: accessScope, validAt }, request }
  const account = context.server.dispatch.account(did)
  const { name: role, scope, asOf, expiresAt } = await account.group.authorize({ member: own })
  const endsAt = expiresAt === undefined ? undefined : Date.parse(expiresAt)
  return {
    credential: { kind: 'member', did, validAt, member: { did: own, role, scope, asOf, endsAt } },
    request,
  }
}

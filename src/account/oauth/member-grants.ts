/** Grants by which a member acts as the account, which is a group. They allow what its role allows at each request. */
import type { Account } from '#src/account/account.ts'
import { mustStillHaveRole } from '#src/account/acting.ts'
import { actingMemberRow, trimAudit } from '#src/account/audit.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

/** An SQL condition with one parameter, the time: the row of `oauth` is of no member, or of a current one. */
export const isOfCurrentMember = `(oauth.member IS NULL OR EXISTS
  (SELECT 1 FROM member WHERE did = oauth.member AND coalesce(member.expires_at > ?, TRUE)))`

/** The member that authorizes an app, with the role that it has now. Throws 400 InvalidGrant. */
export async function authorizingMember(
  { members, clock }: Account,
  did: string,
  { id, clientId }: { id: string; clientId: string },
): Promise<ActingMember> {
  const found = await members.find(did, clock.now())
  if (found === undefined) throw membershipEnded()
  const { name: role, revision } = found.role
  return { did, client: clientId, role, revision, call: `grant ${id}` }
}

/** In the transaction of the grant, which fails if the role was changed meanwhile. */
export function authorizedRows(
  account: Account,
  member: ActingMember,
  { clientId, scope }: { clientId: string; scope: string },
): Statement[] {
  const entry = { action: 'app authorized', target: clientId, detail: scope }
  return [
    actingMemberRow(account, member, entry, member.call),
    ...(account.members.isTrimDue() ? [trimAudit()] : []),
  ]
}

/** Throws 400 InvalidGrant for an error that is due to a change of the role, and else the error. */
export async function explainFailure(
  account: Account,
  member: ActingMember,
  error: unknown,
): Promise<never> {
  await mustStillHaveRole(account, member).catch(() => {
    throw membershipEnded()
  })
  throw error
}

function membershipEnded() {
  return invalidRequest('The membership has ended, or the role was changed', 'InvalidGrant')
}

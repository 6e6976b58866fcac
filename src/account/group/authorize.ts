/** What a member may do as this account, asked for each call that it makes as the group. */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Role } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { mustManage } from '#src/rules/states.ts'

export interface Authority extends Role {
  /** ISO 8601; absent if the membership has no end. */
  expiresAt?: string
  /** By the group's clock: changes of the membership whose event has an earlier time are in it. */
  asOf: number
}

/**
 * With the id of a `session`, it must not have ended. Throws 403 NotAMember and 400 ExpiredToken, 401 AccountTakedown,
 * 403 AccountNotFound.
 */
export async function authorize(
  account: Account,
  { member: did, session }: { member: string; session?: string },
): Promise<Authority> {
  const { clock, members, profile } = account
  const asOf = clock.now()
  const row = await profile.find()
  mustManage(row?.status ?? 'deleted')
  const member = await members.find(did, clock.now())
  if (member === undefined) throw notAMember()
  if (session !== undefined) await mustBeOpen(account, did, session)
  const { role, expiresAt } = member
  return {
    ...role,
    asOf,
    ...(expiresAt !== null && { expiresAt: isoTime(expiresAt) }),
  }
}

async function mustBeOpen({ sql, clock }: Account, did: string, session: string): Promise<void> {
  const row = await sql.first(
    'SELECT 1 FROM refresh_token WHERE session = ? AND member = ? AND expires_at > ?',
    ...[session, did, clock.now()],
  )
  if (row === undefined) throw invalidRequest('Token has been revoked', 'ExpiredToken')
}

/** Notes a member's call to another service in the name of the group. Throws as `mustStillHaveRole`. */
export async function noteCall(
  account: Account,
  // The audit log names both (acting.ts).
  _call: { lxm: string; aud: string },
): Promise<void> {
  if (account.actingMember === undefined) throw authRequired('A member must make this call')
  await account.sql.batch([])
}

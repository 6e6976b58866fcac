/** Every change of a group's members, roles and invitations: checked, stored and audited in one turn of the write lane. */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { type AuditEntry, auditRow, trimAudit } from '#src/account/audit.ts'
import { memberEvents, roleEvent } from '#src/account/group/member-events.ts'
import type { MembershipChange } from '#src/account/members.ts'
import { type MirroredMembership, noteChanges } from '#src/account/membership-mirror.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import {
  builtInRole,
  coversRole,
  type ManageFlag,
  mayManage,
  OWNER,
  type Role,
} from '#src/rules/group-roles.ts'
import { mustManage } from '#src/rules/states.ts'

export interface Change<T> {
  answer: T
  statements: readonly Statement[]
  audit: AuditEntry
  /** What becomes of memberships, until the database says so. */
  overlay?: MembershipChange
  mirror?: readonly MirroredMembership[]
  /** A role that members may have, and whose scopes change. */
  changedRole?: Role
}

/** `own` is the caller's role; undefined if it is no member. */
export type PrepareChange<T> = (own: Role | undefined) => Promise<Change<T>>

/**
 * Throws 401 or 403 if nothing may be changed because of the account's state, and what `prepare` throws. `prepare` may
 * read the database, which has every earlier change and no later one.
 */
export async function changeGroup<T>(
  account: Account,
  by: Principal,
  key: IdempotencyKey | undefined,
  prepare: PrepareChange<T>,
): Promise<T> {
  const { accessTokens, lane, members, membershipMirror, profile } = account
  const token = {}
  const write = () =>
    lane.write<T>(
      async ({ head }) => {
        mustManage((await profile.get()).status)
        const own = await roleOfCaller(account, by)
        const { answer, statements, audit, overlay, mirror = [], changedRole } = await prepare(own)
        if (overlay !== undefined) members.begin(token, overlay)
        // Their time must be that of the overlay or later: see `Authority`.
        const events = memberEvents(account, mirror)
        if (changedRole !== undefined) events.push(roleEvent(account, changedRole))
        const row = auditRow(account, by, own?.name ?? 'none', audit)
        return {
          answer,
          head,
          statements: [
            row,
            trimAudit(),
            // Before those of the sessions that end, which say less.
            ...events,
            ...statements,
            ...noteChanges(mirror),
            ...account.idempotencyKeys.markUsed(key, answer),
          ],
          events: [],
        }
      },
      { readsDatabase: true },
    )
  return membershipMirror.run(async () => {
    try {
      return await write()
    } finally {
      members.end(token)
      // A removal ends grants.
      accessTokens.clear()
    }
  })
}

/** The account itself, signed in with its own password, may do what an owner may. */
export async function roleOfCaller(
  account: Account,
  { did }: Principal,
): Promise<Role | undefined> {
  if (did === account.did) return builtInRole(OWNER)
  return (await account.members.find(did, account.clock.now()))?.role
}

/** Throws 403 NotAMember, or Forbidden if the role lacks the flag. */
export function mustBeAllowed(own: Role | undefined, flag: ManageFlag): asserts own is Role {
  if (own === undefined) throw notAMember()
  if (!mayManage(own, flag)) throw forbidden(`Your role may not manage this: ${flag}`)
}

/** As `mustBeAllowed`, for what only reads. */
export async function mustMayRead(
  account: Account,
  by: Principal,
  flag: ManageFlag | 'any',
): Promise<Role> {
  mustManage((await account.profile.get()).status)
  const own = await roleOfCaller(account, by)
  if (flag !== 'any') mustBeAllowed(own, flag)
  if (own === undefined) throw notAMember()
  return own
}

/** Throws 403 RoleTooHigh. */
export function mustCover(own: Role, other: Role): void {
  if (coversRole(own, other)) return
  throw forbidden(`Your role lacks what ${other.name} may do`, 'RoleTooHigh')
}

/** Throws 400 GroupRequired unless the account is a group. */
export async function mustBeGroup({ sql }: Account): Promise<void> {
  if ((await sql.first('SELECT 1 FROM member LIMIT 1')) !== undefined) return
  throw invalidRequest('This account is not a group', 'NotAGroup')
}

/** Throws 400 LastOwner if no owner would be left without `did`. */
export async function mustLeaveOwner({ sql }: Account, did: string): Promise<void> {
  const others = await sql.first('SELECT 1 FROM member WHERE role = ? AND did <> ?', OWNER, did)
  if (others !== undefined) return
  throw invalidRequest('A group has at least one owner: transfer the ownership first', 'LastOwner')
}

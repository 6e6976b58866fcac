/** The members of a group: listed, added, given another role, removed. A member gives and takes only what it has itself. */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import {
  changeGroup,
  mustBeAllowed,
  mustBeGroup,
  mustCover,
  mustLeaveOwner,
  mustMayRead,
} from '#src/account/group/change.ts'
import {
  deleteMember,
  findMember,
  type MemberKind,
  type MemberRow,
  mustHaveRoomForMember,
  selectMembers,
  storeMember,
} from '#src/account/group/member-rows.ts'
import { findRole } from '#src/account/group/roles.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { OWNER } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface MemberView {
  did: string
  role: string
  kind: MemberKind
  addedBy: string
  addedAt: string
  expiresAt?: string
  note?: string
}

export async function listMembers(
  account: Account,
  { by, limit, cursor = '' }: { by: Principal; limit: number; cursor?: string },
): Promise<{ members: MemberView[]; cursor?: string }> {
  await mustMayRead(account, by, 'any')
  const rows = await account.sql.all<MemberRow>(
    `${selectMembers} WHERE did > ? ORDER BY did LIMIT ?`,
    cursor,
    limit,
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { members: rows.map(memberView), ...(last && { cursor: last.did }) }
}

/** The caller's own membership, and the scopes of its role. Throws 403 NotAMember. */
export async function getMember(
  account: Account,
  { by }: { by: Principal },
): Promise<MemberView & { scope: string }> {
  const { scope } = await mustMayRead(account, by, 'any')
  const row = await currentMember(account, by.did)
  if (row === undefined) throw notAMember()
  return { ...memberView(row), scope }
}

interface NewMember {
  did: string
  role: string
  kind?: MemberKind
  /** Milliseconds since 1970. */
  expiresAt?: number
  note?: string
}

/**
 * The gateway has checked that the DID is no group. Throws 400 MemberExists, UnknownRole, TooManyMembers, NotAPrincipal
 * for the account itself; 403 RoleTooHigh, NotAMember, Forbidden.
 */
export async function addMember(
  account: Account,
  { by, ...input }: NewMember & { by: Principal },
  key?: IdempotencyKey,
): Promise<MemberView> {
  const { did, role: name, kind = 'person', note } = input
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'members')
    await mustBeGroup(account)
    mustBePrincipal(account, did)
    const role = await findRole(account, name)
    mustCover(own, role)
    if ((await currentMember(account, did)) !== undefined) {
      throw invalidRequest('This DID is a member already', 'MemberExists')
    }
    await mustHaveRoomForMember(account)
    const expiresAt = mustBeInFuture(account, name, input.expiresAt)
    const row: MemberRow = {
      ...{ did, role: name, kind, addedBy: by.did, addedAt: account.clock.now() },
      ...{ expiresAt, note: note ?? null },
    }
    return {
      answer: memberView(row),
      // Whatever is left of a membership that is over must not come back with it.
      statements: [...deleteMember(account, did), storeMember(row), deleteRequest(did)],
      audit: { action: 'member added', target: did, detail: name },
      overlay: (other, member) => (other === did ? { role, expiresAt } : member),
      mirror: [{ did, role: name, expiresAt }],
    }
  })
}

/** Throws 400 MemberNotFound, 400 LastOwner, and as `addMember`. `expiresAt` null removes the end. */
export async function updateMember(
  account: Account,
  input: {
    by: Principal
    did: string
    role?: string
    expiresAt?: number | null
    note?: string
  },
  key?: IdempotencyKey,
): Promise<MemberView> {
  const { by, did } = input
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'members')
    const before = await mustFindMember(account, did)
    mustCover(own, await roleOfRow(account, before))
    const name = input.role ?? before.role
    const role = await findRole(account, name)
    mustCover(own, role)
    if (before.role === OWNER && name !== OWNER) await mustLeaveOwner(account, did)
    const wanted = input.expiresAt === undefined ? before.expiresAt : input.expiresAt
    const expiresAt = mustBeInFuture(account, name, wanted ?? undefined)
    const row = { ...before, role: name, expiresAt, note: input.note ?? before.note }
    return {
      answer: memberView(row),
      statements: [storeMember(row)],
      audit: { action: 'member changed', target: did, detail: `${before.role} → ${name}` },
      overlay: (other, member) => (other === did ? { role, expiresAt } : member),
      mirror: [{ did, role: name, expiresAt }],
    }
  })
}

/** Also to leave: `did` is the caller's own then, which needs no flag. Throws 400 MemberNotFound, LastOwner, 403 RoleTooHigh. */
export async function removeMember(
  account: Account,
  { by, did }: { by: Principal; did: string },
  key?: IdempotencyKey,
): Promise<void> {
  return changeGroup(account, by, key, async (own) => {
    const isOwn = by.did === did
    if (!isOwn) mustBeAllowed(own, 'members')
    const before = await mustFindMember(account, did)
    if (!isOwn && own !== undefined) mustCover(own, await roleOfRow(account, before))
    if (before.role === OWNER) await mustLeaveOwner(account, did)
    return {
      answer: undefined,
      statements: deleteMember(account, did),
      audit: { action: isOwn ? 'member left' : 'member removed', target: did, detail: before.role },
      overlay: (other, member) => (other === did ? undefined : member),
      mirror: [{ did, role: null, expiresAt: null }],
    }
  })
}

/** Throws 400 NotAPrincipal. */
export function mustBePrincipal({ did: own }: Account, did: string): void {
  if (did !== own) return
  throw invalidRequest('A group cannot be a member of a group', 'NotAPrincipal')
}

/** The row, unless its time is over. */
export async function currentMember(account: Account, did: string): Promise<MemberRow | undefined> {
  const row = await findMember(account, did)
  const isOver = row?.expiresAt != null && row.expiresAt <= account.clock.now()
  return isOver ? undefined : row
}

export function deleteRequest(did: string) {
  return { sql: 'DELETE FROM join_request WHERE did = ?', params: [did] }
}

async function mustFindMember(account: Account, did: string): Promise<MemberRow> {
  const row = await findMember(account, did)
  if (row === undefined) throw invalidRequest('This DID is no member', 'MemberNotFound')
  return row
}

async function roleOfRow(account: Account, { role }: MemberRow) {
  return findRole(account, role)
}

/** Owners stay until they leave. */
function mustBeInFuture(
  { clock }: Account,
  role: string,
  expiresAt: number | undefined,
): number | null {
  if (expiresAt === undefined) return null
  if (role === OWNER) throw invalidRequest('The membership of an owner has no end')
  if (expiresAt <= clock.now()) throw invalidRequest('The end of the membership is in the past')
  return expiresAt
}

export function memberView(row: MemberRow): MemberView {
  const { did, role, kind, addedBy, addedAt, expiresAt, note } = row
  return {
    ...{ did, role, kind, addedBy, addedAt: isoTime(addedAt) },
    ...(expiresAt !== null && { expiresAt: isoTime(expiresAt) }),
    ...(note !== null && { note }),
  }
}

/**
 * Invitations to a group: for one DID, or as a link for everyone who has it. The gateway makes the token, so that the
 * call may be repeated; the account keeps its hash. An invitation is worth what its maker may give when it is used.
 */
import { createHash } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import {
  changeGroup,
  mustBeAllowed,
  mustBeGroup,
  mustCover,
  mustMayRead,
  roleOfCaller,
} from '#src/account/group/change.ts'
import { joins, requestsToJoin } from '#src/account/group/join-requests.ts'
import { mustHaveRoomForMember } from '#src/account/group/member-rows.ts'
import { currentMember, mustBePrincipal } from '#src/account/group/members.ts'
import { findRole } from '#src/account/group/roles.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { coversRole, mayManage, OWNER } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export type InvitationKind = 'invite' | 'link' | 'transfer'

export interface InvitationRow {
  id: string
  kind: InvitationKind
  role: string
  forWhom: string | null
  usesLeft: number | null
  approval: number
  note: string | null
  createdBy: string
  createdAt: number
  expiresAt: number
}

export interface InvitationView {
  id: string
  kind: InvitationKind
  role: string
  for?: string
  usesLeft?: number
  approval: boolean
  note?: string
  createdBy: string
  createdAt: string
  expiresAt: string
}

const MAX_OPEN = 50

export const selectInvitations = `SELECT id, kind, role, for_whom AS forWhom, uses_left AS usesLeft,
  approval, note, created_by AS createdBy, created_at AS createdAt, expires_at AS expiresAt
  FROM invitation`

export function invitationIdOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 22)
}

/** Throws 400 UnknownRole, TooManyInvites; 403 RoleTooHigh, NotAMember, Forbidden. */
export async function createInvite(
  account: Account,
  input: {
    by: Principal
    token: string
    role: string
    for?: string
    uses?: number
    expiresAt: number
    approval?: boolean
    note?: string
  },
  key?: IdempotencyKey,
): Promise<InvitationView> {
  const { by, role: name, for: forWhom, expiresAt, approval = false, note } = input
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'invites')
    await mustBeGroup(account)
    if (name === OWNER) throw invalidRequest('An owner is made by an offer of the ownership')
    mustCover(own, await findRole(account, name))
    const now = account.clock.now()
    if (expiresAt <= now) throw invalidRequest('The end of the invitation is in the past')
    const open = await account.sql.first<{ open: number }>(
      'SELECT count(*) AS open FROM invitation WHERE expires_at > ?',
      now,
    )
    if ((open?.open ?? 0) >= MAX_OPEN) {
      throw invalidRequest(`A group has at most ${MAX_OPEN} open invitations`, 'TooManyInvites')
    }
    const row: InvitationRow = {
      ...{ id: invitationIdOf(input.token), kind: forWhom === undefined ? 'link' : 'invite' },
      ...{ role: name, forWhom: forWhom ?? null, approval: approval ? 1 : 0, note: note ?? null },
      ...{ usesLeft: forWhom === undefined ? (input.uses ?? null) : 1 },
      ...{ createdBy: by.did, createdAt: now, expiresAt },
    }
    return {
      answer: invitationView(row),
      statements: [deleteExpired(now), storeInvitation(row)],
      audit: { action: 'invitation created', target: forWhom ?? row.id, detail: name },
    }
  })
}

export async function listInvites(
  account: Account,
  { by }: { by: Principal },
): Promise<{ invites: InvitationView[] }> {
  await mustMayRead(account, by, 'invites')
  const rows = await account.sql.all<InvitationRow>(
    `${selectInvitations} WHERE expires_at > ? ORDER BY created_at DESC, id`,
    account.clock.now(),
  )
  return { invites: rows.map(invitationView) }
}

/** Also an offer of the ownership. Idempotent: one that is gone is no error. */
export async function revokeInvite(
  account: Account,
  { by, id }: { by: Principal; id: string },
  key?: IdempotencyKey,
): Promise<void> {
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'invites')
    const row = await findInvitation(account, id)
    if (row !== undefined) mustCover(own, await findRole(account, row.role))
    return {
      answer: undefined,
      statements: [deleteInvitation(id)],
      audit: { action: 'invitation revoked', target: id },
    }
  })
}

export type Accepted = { status: 'joined' | 'requested'; role: string }

/**
 * The caller becomes a member or, if the link demands approval, asks to. Throws 400 InviteExpired for an unknown or
 * expired invitation and one whose maker may not give the role any more, InviteUsed, MemberExists, TooManyMembers,
 * TooManyRequests; 403 InviteForAnother.
 */
export async function acceptInvite(
  account: Account,
  { by, token, text }: { by: Principal; token: string; text?: string },
  key?: IdempotencyKey,
): Promise<Accepted> {
  return changeGroup<Accepted>(account, by, key, async () => {
    const row = await findInvitation(account, invitationIdOf(token))
    if (row === undefined || row.kind === 'transfer') throw expired()
    mustBePrincipal(account, by.did)
    mustBeOpen(account, row, by)
    await mustBeGivenStill(account, row)
    if ((await currentMember(account, by.did)) !== undefined) {
      throw invalidRequest('You are a member already', 'MemberExists')
    }
    const { role: name, createdBy } = row
    if (row.approval === 1) {
      return requestsToJoin(account, { did: by.did, role: name, invitedBy: createdBy, text })
    }
    await mustHaveRoomForMember(account)
    const joined = await joins(account, { did: by.did, role: name, addedBy: createdBy })
    return {
      ...joined,
      answer: { status: 'joined', role: name },
      statements: [...joined.statements, useOnce(row)],
      audit: { action: 'member joined', target: by.did, detail: `${name}, invitation ${row.id}` },
    }
  })
}

function mustBeOpen({ clock }: Account, row: InvitationRow, by: Principal): void {
  if (row.expiresAt <= clock.now()) throw expired()
  if (row.forWhom !== null && row.forWhom !== by.did) {
    throw forbidden('This invitation is for another account', 'InviteForAnother')
  }
  if (row.usesLeft === 0) throw invalidRequest('This invitation was used', 'InviteUsed')
}

/** Its maker may have left, or lost the right to invite, or the role may have grown. */
async function mustBeGivenStill(account: Account, row: InvitationRow): Promise<void> {
  const maker = await roleOfCaller(account, { did: row.createdBy })
  const role = await findRole(account, row.role)
  const isGiven = maker !== undefined && mayManage(maker, 'invites') && coversRole(maker, role)
  if (!isGiven) throw expired()
}

/** It stays with 0 uses until it expires, so that the next one learns that it was used. */
function useOnce({ id }: InvitationRow): Statement {
  return {
    sql: 'UPDATE invitation SET uses_left = uses_left - 1 WHERE id = ? AND uses_left IS NOT NULL',
    params: [id],
  }
}

export function storeInvitation(row: InvitationRow): Statement {
  const { id, kind, role, forWhom, usesLeft, approval, note } = row
  return {
    sql: `INSERT INTO invitation (id, kind, role, for_whom, uses_left, approval, note, created_by,
            created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [
      ...[id, kind, role, forWhom, usesLeft, approval, note],
      ...[row.createdBy, row.createdAt, row.expiresAt],
    ],
  }
}

export function deleteInvitation(id: string): Statement {
  return { sql: 'DELETE FROM invitation WHERE id = ?', params: [id] }
}

function deleteExpired(now: number): Statement {
  return { sql: 'DELETE FROM invitation WHERE expires_at <= ?', params: [now] }
}

export function findInvitation({ sql }: Account, id: string): Promise<InvitationRow | undefined> {
  return sql.first<InvitationRow>(`${selectInvitations} WHERE id = ?`, id)
}

function expired() {
  return invalidRequest('This invitation is not valid any more', 'InviteExpired')
}

export function invitationView(row: InvitationRow): InvitationView {
  return {
    ...{ id: row.id, kind: row.kind, role: row.role, approval: row.approval === 1 },
    ...(row.forWhom !== null && { for: row.forWhom }),
    ...(row.usesLeft !== null && { usesLeft: row.usesLeft }),
    ...(row.note !== null && { note: row.note }),
    createdBy: row.createdBy,
    createdAt: isoTime(row.createdAt),
    expiresAt: isoTime(row.expiresAt),
  }
}

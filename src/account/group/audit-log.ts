/** The audit log as its readers see it, and the export of a group: what it takes along that is not in its repo. */
import type { Account } from '#src/account/account.ts'
import { mustMayRead } from '#src/account/group/change.ts'
import { type MemberRow, selectMembers } from '#src/account/group/member-rows.ts'
import { type MemberView, memberView } from '#src/account/group/members.ts'
import { allRoles, type RoleView, viewOf } from '#src/account/group/roles.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface AuditView {
  id: string
  at: string
  actor: string
  role: string
  action: string
  client?: string
  target?: string
  rev?: string
  detail?: string
  reason?: string
  ip?: string
  userAgent?: string
}

type Row = Record<keyof AuditView, string | null> & { id: number; at: number }

const columns = `id, at, actor, role, client, action, target, rev, detail, reason, ip,
  user_agent AS userAgent`

export interface AuditQuery {
  actor?: string
  action?: string
  rev?: string
  /** Milliseconds since 1970. */
  since?: number
  limit: number
  cursor?: string
}

/** Newest first. Throws 400 for a malformed cursor, 403 NotAMember, Forbidden. */
export async function getAuditLog(
  account: Account,
  { by, ...query }: AuditQuery & { by: Principal },
): Promise<{ entries: AuditView[]; cursor?: string }> {
  await mustMayRead(account, by, 'audit')
  const { actor = null, action = null, rev = null, since = 0, limit, cursor } = query
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
  if (!Number.isSafeInteger(before)) throw invalidRequest('Malformed cursor')
  const byRev = rev === null ? '?3 IS NULL' : 'rev = ?3'
  const rows = await account.sql.all<Row>(
    `SELECT ${columns} FROM audit
     WHERE id < ?5 AND (?1 IS NULL OR actor = ?1) AND (?2 IS NULL OR action = ?2)
       AND ${byRev} AND at >= ?4
     ORDER BY id DESC LIMIT ?6`,
    ...[actor, action, rev, since, before, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { entries: rows.map(auditView), ...(last && { cursor: String(last.id) }) }
}

/** By number instead of cursor, with the number of all rows. Throws as `getAuditLog`. */
export async function getAuditPage(
  account: Account,
  { by, limit, offset }: { by: Principal; limit: number; offset: number },
): Promise<{ entries: AuditView[]; total: number }> {
  await mustMayRead(account, by, 'audit')
  const { sql } = account
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM audit ORDER BY id DESC LIMIT ? OFFSET ?`,
    ...[limit, offset],
  )
  const all = await sql.first<{ total: number }>('SELECT count(*) AS total FROM audit')
  return { entries: rows.map(auditView), total: all?.total ?? 0 }
}

export interface GroupExport {
  did: string
  exportedAt: string
  members: MemberView[]
  roles: RoleView[]
  audit: AuditView[]
  /** Of the next page of the audit log; absent if it is complete. */
  cursor?: string
}

const EXPORT_PAGE = 1_000

/** Members, roles, and a page of the audit log, newest first. Only for owners. Throws as `getAuditLog`. */
export async function exportGroup(
  account: Account,
  { by, cursor }: { by: Principal; cursor?: string },
): Promise<GroupExport> {
  await mustMayRead(account, by, 'transfer')
  const page = { limit: EXPORT_PAGE, ...(cursor !== undefined && { cursor }) }
  const { entries, ...more } = await getAuditLog(account, { by, ...page })
  const members = await account.sql.all<MemberRow>(`${selectMembers} ORDER BY did`)
  return {
    did: account.did,
    exportedAt: new Date(account.clock.now()).toISOString(),
    members: members.map(memberView),
    roles: (await allRoles(account)).map(viewOf),
    audit: entries,
    ...more,
  }
}

function auditView({ id, at, ...row }: Row): AuditView {
  const present = Object.entries(row).filter(([, value]) => value !== null)
  return {
    id: String(id),
    at: isoTime(at),
    ...(Object.fromEntries(present) as Omit<AuditView, 'id' | 'at'>),
  }
}

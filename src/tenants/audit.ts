/** The audit log of a tenant. A row is stored before the change that it is about, or with it, so no change is without one. */
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { TenantContext } from '#src/tenants/tenant.ts'

export const MAX_AUDIT_ROWS = 100_000
const MAX_DETAIL_LENGTH = 2_000
const READS_EVERY_MS = 60 * 60_000

export interface AuditEntry {
  /** A DID, the prefix of an API key, or `operator`. */
  actor: string
  /** The method. */
  action: string
  target?: string
  /** JSON. */
  detail?: string
}

export interface AuditView extends AuditEntry {
  id: string
  /** ISO 8601. */
  at: string
}

export async function addAudit(tenant: TenantContext, entry: AuditEntry): Promise<void> {
  await tenant.lane.write([], async (now) => ({
    answer: undefined,
    statements: auditRow(entry, now),
  }))
}

/** For reads, of which there may be many: one row in an hour for each caller and method. */
export async function addReadAudit(tenant: TenantContext, entry: AuditEntry): Promise<void> {
  const name = `${entry.actor} ${entry.action}`
  const now = tenant.clock.now()
  const last = tenant.auditedReads.get(name) ?? Number.NEGATIVE_INFINITY
  if (now - last < READS_EVERY_MS) return
  await addAudit(tenant, entry)
  tenant.auditedReads.set(name, now)
}

/** Inserts a row, and deletes the oldest one above the bound. */
export function auditRow({ actor, action, target, detail }: AuditEntry, now: number): Statement[] {
  return [
    {
      sql: 'INSERT INTO audit (at, actor, action, target, detail) VALUES (?, ?, ?, ?, ?)',
      params: [now, actor, action, target ?? null, detail?.slice(0, MAX_DETAIL_LENGTH) ?? null],
    },
    {
      sql: 'DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?',
      params: [MAX_AUDIT_ROWS],
    },
  ]
}

interface AuditRow {
  id: number
  at: number
  actor: string
  action: string
  target: string | null
  detail: string | null
}

/** Newest first; the cursor is the id of the last row of a page. Throws 400 for a malformed cursor. */
export async function listAudit(
  { sql }: TenantContext,
  {
    target,
    actor,
    limit,
    cursor,
  }: { target?: string; actor?: string; limit: number; cursor?: string },
): Promise<{ entries: AuditView[]; cursor?: string }> {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
  if (!Number.isSafeInteger(before)) throw invalidRequest('Malformed cursor')
  const rows = await sql.all<AuditRow>(
    `SELECT id, at, actor, action, target, detail FROM audit
     WHERE id < ?1 AND (?2 IS NULL OR target = ?2) AND (?3 IS NULL OR actor = ?3)
     ORDER BY id DESC LIMIT ?4`,
    ...[before, target ?? null, actor ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  const entries = rows.map(({ id, at, actor, action, target, detail }) => ({
    ...{ id: String(id), at: isoTime(at), actor, action },
    ...(target !== null && { target }),
    ...(detail !== null && { detail }),
  }))
  return { entries, ...(last && { cursor: String(last.id) }) }
}

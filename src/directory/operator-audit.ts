/** The audit log of the operator's console. A row is stored before the change that it is about, so no change is without one. */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export const MAX_OPERATOR_AUDIT_ROWS = 100_000
/** Two years. */
export const OPERATOR_AUDIT_KEPT_MS = 731 * 24 * 60 * 60_000
const MAX_LENGTH = 500
const MAX_DETAIL_LENGTH = 2_000

export interface OperatorAuditEntry {
  /** Chosen by the caller, so that a repeated call stores nothing. */
  id: string
  /** A DID, or `admin password`. */
  actor: string
  /** The method, or what was done on the page. */
  action: string
  /** A DID, a tenant, a code, an endpoint. */
  target?: string
  /** JSON. */
  detail?: string
  /** The client's address; absent if it is not known. */
  address?: string
}

export interface OperatorAuditView extends OperatorAuditEntry {
  /** ISO 8601. */
  at: string
}

/** Deletes the rows that are too old or too many. Idempotent. */
export async function addOperatorAudit(
  { lane }: Directory,
  { id, actor, action, target, detail, address }: OperatorAuditEntry,
): Promise<void> {
  await lane.write([], async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: `INSERT OR IGNORE INTO operator_audit (id, at, actor, action, target, detail, address)
              VALUES (?, ?, ?, ?, ?, ?, ?)`,
        params: [
          ...[id, now, actor, action.slice(0, MAX_LENGTH), target?.slice(0, MAX_LENGTH) ?? null],
          ...[detail?.slice(0, MAX_DETAIL_LENGTH) ?? null, address ?? null],
        ],
      },
      {
        sql: `DELETE FROM operator_audit
              WHERE at <= ? OR n <= (SELECT max(n) FROM operator_audit) - ?`,
        params: [now - OPERATOR_AUDIT_KEPT_MS, MAX_OPERATOR_AUDIT_ROWS],
      },
    ],
  }))
}

interface Row {
  n: number
  id: string
  at: number
  actor: string
  action: string
  target: string | null
  detail: string | null
  address: string | null
}

/** Newest first; the cursor is that of the last row of a page. Throws 400 for a malformed cursor. */
export async function listOperatorAudit(
  { sql }: Directory,
  {
    actor,
    target,
    limit,
    cursor,
  }: { actor?: string; target?: string; limit: number; cursor?: string },
): Promise<{ entries: OperatorAuditView[]; cursor?: string }> {
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw invalidRequest('Malformed cursor')
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)
  const rows = await sql.all<Row>(
    `SELECT n, id, at, actor, action, target, detail, address FROM operator_audit
     WHERE n < ?1 AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR target = ?3)
     ORDER BY n DESC LIMIT ?4`,
    ...[before, actor ?? null, target ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  const entries = rows.map(({ id, at, actor, action, target, detail, address }) => ({
    ...{ id, at: isoTime(at), actor, action },
    ...(target !== null && { target }),
    ...(detail !== null && { detail }),
    ...(address !== null && { address }),
  }))
  return { entries, ...(last && { cursor: String(last.n) }) }
}

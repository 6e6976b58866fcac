/** The last writers of records of a group, from the newest rows of the audit log. */
import type { Account } from '#src/account/account.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface Writer {
  /** `collection/rkey`. */
  path: string
  actor: string
  /** ISO 8601. */
  at: string
}

/** Rows, the newest: the log has no index by record, which each write would pay for. */
const MAX_ROWS = 5_000

/** Of several records that were written at once, only the first is in the log. The gateway has checked the role of the caller. */
export async function listWriters(
  { sql }: Account,
  { paths }: { paths: readonly string[] },
): Promise<Writer[]> {
  const rows = await sql.all<{ path: string; actor: string; at: number }>(
    `SELECT target AS path, actor, max(at) AS at FROM audit
     WHERE id > (SELECT max(id) FROM audit) - ${MAX_ROWS} AND rev IS NOT NULL
       AND target IN (SELECT value FROM json_each(?))
     GROUP BY target`,
    JSON.stringify(paths),
  )
  return rows.map(({ at, ...row }) => ({ ...row, at: isoTime(at) }))
}

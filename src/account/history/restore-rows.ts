/** The rows of a restore: what it is, and which records are left. So it goes on wherever it was cut off. */
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { Principal } from '#src/rules/acting-member.ts'

export interface RestoreItem {
  path: string
  /** What the record is to be; null for none. */
  cid: string | null
  /** What it was when the restore began: what was written since stays. */
  current: string | null
}

export interface RestoreRow {
  /** Milliseconds since 1970. */
  startedAt: number
  by: Principal
  /** For the audit log. */
  detail: string
  total: number
  done: number
  skipped: number
  /** Why it ended before its end. */
  error: string | null
  left: number
}

const ROWS_EACH = 1_000

export function storeRestore(
  { startedAt, by, detail }: Pick<RestoreRow, 'startedAt' | 'by' | 'detail'>,
  items: readonly RestoreItem[],
): Statement[] {
  const pages = Array.from({ length: Math.ceil(items.length / ROWS_EACH) }, (_, i) =>
    items.slice(i * ROWS_EACH, (i + 1) * ROWS_EACH),
  )
  return [
    { sql: 'DELETE FROM restore_item' },
    {
      sql: `INSERT OR REPLACE INTO restore (id, started_at, by, detail, total) VALUES (1, ?, ?, ?, ?)`,
      params: [startedAt, JSON.stringify(by), detail, items.length],
    },
    ...pages.map((page) => ({
      sql: `INSERT INTO restore_item (path, cid, current)
            SELECT value ->> 'path', value ->> 'cid', value ->> 'current' FROM json_each(?)`,
      params: [JSON.stringify(page)],
    })),
  ]
}

export async function readRestore(sql: Sql): Promise<RestoreRow | undefined> {
  const row = await sql.first<Omit<RestoreRow, 'by'> & { by: string }>(
    `SELECT started_at AS startedAt, by, detail, total, done, skipped, error,
       (SELECT count(*) FROM restore_item) AS left FROM restore`,
  )
  return row && { ...row, by: JSON.parse(row.by) as Principal }
}

/** In the order of their paths. */
export function readItems(sql: Sql, limit: number): Promise<RestoreItem[]> {
  return sql.all<RestoreItem>(
    'SELECT path, cid, current FROM restore_item ORDER BY path LIMIT ?',
    limit,
  )
}

export function finishItems(paths: readonly string[], skipped: number): Statement[] {
  return [
    {
      sql: 'DELETE FROM restore_item WHERE path IN (SELECT value FROM json_each(?))',
      params: [JSON.stringify(paths)],
    },
    {
      sql: 'UPDATE restore SET done = done + ?, skipped = skipped + ?',
      params: [paths.length - skipped, skipped],
    },
  ]
}

export function endRestore(error: string): Statement[] {
  return [
    { sql: 'DELETE FROM restore_item' },
    { sql: 'UPDATE restore SET error = ?', params: [error] },
  ]
}

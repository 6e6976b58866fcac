/** Deliveries as they are stored. They are kept for a while after they have ended, to be listed and repeated. */
import { insertRows, type Sql, type SqlValue, type Statement } from '#src/ports/sql.ts'

export interface NewDelivery {
  id: number
  endpoint: string
  /** The webhook-id. */
  message: string
  type: string
  account: string
  body: string
  at: number
}

export interface AttemptResult {
  id: number
  state: 'waiting' | 'delivered' | 'failed'
  attempts: number
  nextAt: number
  attemptedAt: number
  status: number | null
  error: string | null
}

// SQLite limits the number of parameters of a statement.
const ROWS_PER_STATEMENT = 500

const COLUMNS =
  'id, endpoint, message, type, account, body, at, state, attempts, next_at, is_repeat'

/** They are due at once. */
export function insertDeliveries(deliveries: readonly NewDelivery[]): Statement[] {
  const statements: Statement[] = []
  for (let i = 0; i < deliveries.length; i += ROWS_PER_STATEMENT) {
    const rows = deliveries
      .slice(i, i + ROWS_PER_STATEMENT)
      .map(({ id, endpoint, message, type, account, body, at }): SqlValue[] => {
        return [id, endpoint, message, type, account, body, at, 'waiting', 0, 0, 0]
      })
    statements.push(insertRows(`INSERT INTO delivery (${COLUMNS})`, rows))
  }
  return statements
}

/** Inserts copies of the deliveries `ids`, which get the ids after `lastId` in the same order. */
export function repeatDeliveries(ids: readonly number[], lastId: number): Statement {
  return {
    sql: `INSERT INTO delivery (${COLUMNS})
          SELECT ?1 + row_number() OVER (ORDER BY id), endpoint, message, type, account, body, at,
                 'waiting', 0, 0, 1
          FROM delivery WHERE id IN (SELECT value FROM json_each(?2))`,
    params: [lastId, JSON.stringify(ids)],
  }
}

export function saveResult(result: AttemptResult): Statement {
  const { id, state, attempts, nextAt, attemptedAt, status, error } = result
  return {
    sql: `UPDATE delivery SET state = ?, attempts = ?, next_at = ?, attempted_at = ?, status = ?, error = ?
          WHERE id = ?`,
    params: [state, attempts, nextAt, attemptedAt, status, error, id],
  }
}

/** Makes the deliveries of the account, or of all accounts, due at `now`. */
export function hastenDeliveries(endpoint: string, now: number, account?: string): Statement {
  return {
    sql: `UPDATE delivery SET next_at = ?2
          WHERE endpoint = ?1 AND state = 'waiting' AND next_at > ?2
            AND (?3 IS NULL OR account = ?3)`,
    params: [endpoint, now, account ?? null],
  }
}

export async function readBody(
  sql: Sql,
  id: number,
): Promise<{ message: string; body: string } | undefined> {
  return sql.first('SELECT message, body FROM delivery WHERE id = ?', id)
}

export async function lastDeliveryId(sql: Sql): Promise<number> {
  const row = await sql.first<{ id: number | null }>('SELECT max(id) AS id FROM delivery')
  return row?.id ?? 0
}

/** How long a delivery that has ended can be listed and repeated, and how many of an endpoint. */
export const KEPT_MS = 72 * 60 * 60_000
export const MAX_KEPT = 10_000
const MAX_DELETED = 500

/** Deletes deliveries that have ended, a bounded number at a time. */
export function deleteOldDeliveries(
  endpoint: string,
  now: number,
  maxKept: number = MAX_KEPT,
): Statement {
  return {
    sql: `DELETE FROM delivery WHERE id IN (
            SELECT id FROM delivery
            WHERE endpoint = ?1 AND state <> 'waiting' AND (attempted_at < ?2 OR id <= coalesce(
              (SELECT id FROM delivery WHERE endpoint = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3), 0))
            ORDER BY id LIMIT ?4)`,
    params: [endpoint, now - KEPT_MS, maxKept, MAX_DELETED],
  }
}

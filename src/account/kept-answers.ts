/**
 * The answers of the last commits, for repetitions of their calls in another process. Every commit adds a row to the
 * outbox, and that row has two columns more: the idempotency key of the call (empty if it has none, null if the row is
 * of a release that did not store it) and the answer, as JSON, in which nothing is secret. When events are deleted,
 * because they have been delivered, these columns of the newest rows move to `kept_answer`, where many fit in a page.
 */
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

/** One for each call that an account may have in progress while it moves. */
const KEPT_ROWS = 32

export interface KeptAnswer {
  key: string
  answer: string
}

/** Deletes the rows up to `delivered` from the outbox, and keeps the answers of the newest. */
export function deleteDelivered(delivered: number): Statement[] {
  return [
    {
      sql: `INSERT INTO kept_answer (id, key, answer)
            SELECT id, key, answer FROM outbox WHERE id <= ? ORDER BY id DESC LIMIT ${KEPT_ROWS}`,
      params: [delivered],
    },
    { sql: 'DELETE FROM outbox WHERE id <= ?', params: [delivered] },
    {
      sql: `DELETE FROM kept_answer WHERE id <= (
              SELECT id FROM kept_answer ORDER BY id DESC LIMIT 1 OFFSET ${KEPT_ROWS})`,
    },
  ]
}

/**
 * The answer of the commit that used the key; `unused` if there was none, `unknown` if its row may have been deleted.
 * Clocks differ by up to `skewMs`.
 */
export async function findKeptAnswer(
  sql: Sql,
  { id, issuedAt }: IdempotencyKey,
  skewMs: number,
): Promise<{ answer: unknown } | 'unused' | 'unknown'> {
  // Ids are the microseconds of the commit or later, and rows are deleted in their order.
  const firstId = (issuedAt - skewMs) * 1000
  const row = await sql.first<{ answer: string | null; isComplete: number }>(
    `WITH kept AS (
       SELECT id, key, answer FROM outbox UNION ALL SELECT id, key, answer FROM kept_answer
     )
     SELECT (SELECT answer FROM kept WHERE key = ?1) AS answer,
       EXISTS (SELECT 1 FROM kept WHERE id < ?2)
         AND NOT EXISTS (SELECT 1 FROM kept WHERE id >= ?2 AND key IS NULL) AS isComplete`,
    id,
    firstId,
  )
  if (row?.answer) return { answer: JSON.parse(row.answer) }
  return row?.isComplete ? 'unused' : 'unknown'
}

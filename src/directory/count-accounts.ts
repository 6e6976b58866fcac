/** Account counts for the metrics. */
import type { Directory } from '#src/directory/open-directory.ts'

/**
 * `accounts` by status, for example `{ active: 3, takendown: 1 }`; `reminders` of accounts that may have undelivered
 * events.
 */
export async function countAccounts({
  sql,
}: Directory): Promise<{ accounts: Record<string, number>; reminders: number }> {
  const found = await sql.first<{ accounts: string; reminders: number }>(
    `SELECT (SELECT count(*) FROM reminder) AS reminders,
            (SELECT json_group_object(status, n) FROM
              (SELECT status, count(*) AS n FROM account WHERE reserved_until IS NULL GROUP BY status)
            ) AS accounts`,
  )
  return { accounts: JSON.parse(found?.accounts ?? '{}'), reminders: found?.reminders ?? 0 }
}

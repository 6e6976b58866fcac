/** Uploads that no record named in time go. */
import type { Account } from '#src/account/account.ts'

/**
 * Deletes what was uploaded before `before` (ms since 1970) and no record names, and those of the uploads `keys` that
 * the account knows nothing of. May be repeated.
 */
export async function deleteUnusedUploads(
  { blobs, did, sql }: Account,
  { before, keys }: { before: number; keys: readonly string[] },
): Promise<void> {
  const isStale = `state = 'temp' AND created_at < ?`
  const stale = await sql.first(`SELECT 1 FROM blob WHERE ${isStale} LIMIT 1`, before)
  if (stale !== undefined) {
    await sql.batch([
      { sql: `UPDATE blob SET state = 'unsettled' WHERE ${isStale}`, params: [before] },
    ])
  }
  blobs.reconcile()
  await blobs.whenReconciled()
  const rows = await sql.all<{ key: string }>(
    `SELECT temp_key AS key FROM blob
     WHERE state IS NOT NULL AND temp_key IN (SELECT value FROM json_each(?))`,
    JSON.stringify(keys),
  )
  const known = new Set(rows.map(({ key }) => key))
  await blobs.storage.deleteTemps(
    did,
    keys.filter((key) => !known.has(key)),
  )
}

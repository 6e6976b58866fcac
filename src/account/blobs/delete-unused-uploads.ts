/** Deletes uploads that no record has referenced in time. */
import type { Account } from '#src/account/account.ts'
import { addBlobEvents } from '#src/account/blobs/events.ts'

/** `before` is in ms since 1970. Also deletes uploads at the storage keys `keys` that have no row. Idempotent. */
export async function deleteUnusedUploads(
  account: Account,
  { before, keys }: { before: number; keys: readonly string[] },
): Promise<void> {
  const { blobs, did, sql } = account
  const isStale = `state = 'temp' AND created_at < ?`
  const stale = await sql.first(`SELECT 1 FROM blob WHERE ${isStale} LIMIT 1`, before)
  if (stale !== undefined) {
    await sql.batch([
      addBlobEvents(account, 'deleted', isStale, [before]),
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

/** Whether a handle may become an account's. */
import { invalidRequest } from '#src/errors.ts'
import type { Sql } from '#src/ports/sql.ts'

/** Throws 400 HandleNotAvailable if another account has the handle, has reserved it, or is about to change to it. */
export async function mustBeFree(
  sql: Sql,
  { did, handle }: { did: string; handle: string },
  now: number,
): Promise<void> {
  const conflict = await sql.first(
    `SELECT 1 FROM account
     WHERE handle = ?1 AND did <> ?2 AND (reserved_until IS NULL OR reserved_until > ?3)
     UNION ALL
     SELECT 1 FROM identity_change WHERE handle = ?1 AND did <> ?2 AND held_until > ?3`,
    handle,
    did,
    now,
  )
  if (conflict !== undefined) {
    throw invalidRequest(`Handle already taken: ${handle}`, 'HandleNotAvailable')
  }
}

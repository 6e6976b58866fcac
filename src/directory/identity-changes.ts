/**
 * Changes of identity on their way: what is noted here before a DID's own directory hears of it can be finished by
 * whoever comes after a crash. A new handle is held for its account meanwhile, for a minute; after that it may go to
 * somebody else who asks for it.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'

export interface IdentityChange {
  did: string
  /** The new handle, in lower case; null where something else of the DID changes. */
  handle: string | null
}

/** Longer than all that a change waits for. */
const holdTime = 60_000

/**
 * Notes a change. May be repeated. Throws 400 HandleNotAvailable where somebody else has the handle or is about to,
 * InvalidRequest where the account is about to take another one.
 */
export async function beginIdentityChange(
  directory: Directory,
  { did, handle }: IdentityChange,
): Promise<void> {
  const { lane, sql } = directory
  await lane.write(handle === null ? [did] : [did, handle], async (now) => {
    const note = {
      sql: 'INSERT OR IGNORE INTO identity_change (did, handle, held_until) VALUES (?, ?, ?)',
      params: [did, handle, now + holdTime],
    }
    if (handle === null) return { answer: undefined, statements: [note] }
    const taken = await sql.first(
      `SELECT 1 FROM account
       WHERE handle = ?1 AND did <> ?2 AND (reserved_until IS NULL OR reserved_until > ?3)
       UNION ALL
       SELECT 1 FROM identity_change WHERE handle = ?1 AND did <> ?2 AND held_until > ?3`,
      handle,
      did,
      now,
    )
    if (taken !== undefined) {
      throw invalidRequest(`Handle already taken: ${handle}`, 'HandleNotAvailable')
    }
    const other = await sql.first(
      'SELECT 1 FROM identity_change WHERE did = ? AND handle <> ? AND held_until > ?',
      did,
      handle,
      now,
    )
    if (other !== undefined) {
      throw invalidRequest('Another change of the handle is under way, please try again')
    }
    const clear = {
      sql: 'DELETE FROM identity_change WHERE did = ? OR handle = ?',
      params: [did, handle],
    }
    return { answer: undefined, statements: [clear, note] }
  })
}

/** The change is complete, or will not be. May be repeated; another change of the same account stays. */
export async function endIdentityChange(
  { lane }: Directory,
  { did, handle }: IdentityChange,
): Promise<void> {
  const sql = 'DELETE FROM identity_change WHERE did = ? AND handle IS ?'
  const statements = [{ sql, params: [did, handle] }]
  await lane.write([did], async () => ({ answer: undefined, statements }))
}

/** Changes noted more than `age` milliseconds ago, oldest first; `held` while they may still be going on. */
export async function listIdentityChanges(
  { sql, clock }: Directory,
  { age, limit }: { age: number; limit: number },
): Promise<(IdentityChange & { held: boolean })[]> {
  const now = clock.now()
  const rows = await sql.all<IdentityChange & { heldUntil: number }>(
    `SELECT did, handle, held_until AS heldUntil FROM identity_change
     WHERE held_until <= ? ORDER BY held_until LIMIT ?`,
    now - age + holdTime,
    limit,
  )
  return rows.map(({ did, handle, heldUntil }) => ({ did, handle, held: heldUntil > now }))
}

/**
 * Identity changes in progress. Each is recorded here before the PLC directory is updated, so that after a crash any
 * process can finish it. A new handle is reserved for its account for a minute; after that another account may take it.
 */
import { mustBeFree } from '#src/directory/handle-availability.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

export interface IdentityChange {
  did: string
  /** The new handle, in lower case; null if another part of the DID document changes. */
  handle: string | null
  /** The member of a group that changes it. */
  by?: ActingMember | undefined
}

// Longer than all timeouts of a change together.
const RESERVATION_MS = 60_000

/**
 * Records a change. Idempotent. Throws 400 HandleNotAvailable if another account has or is taking the handle,
 * InvalidRequest if this account is changing to another handle.
 */
export async function beginIdentityChange(
  directory: Directory,
  { did, handle, by }: IdentityChange,
): Promise<void> {
  const { lane, sql } = directory
  await lane.write(handle === null ? [did] : [did, handle], async (now) => {
    const insert = {
      sql: `INSERT OR IGNORE INTO identity_change (did, handle, held_until, by_member)
            VALUES (?, ?, ?, ?)`,
      params: [did, handle, now + RESERVATION_MS, by === undefined ? null : JSON.stringify(by)],
    }
    if (handle === null) return { answer: undefined, statements: [insert] }
    await mustBeFree(directory.sql, { did, handle }, now)
    const pending = await sql.first(
      'SELECT 1 FROM identity_change WHERE did = ? AND handle <> ? AND held_until > ?',
      did,
      handle,
      now,
    )
    if (pending !== undefined) {
      throw invalidRequest('Another change of the handle is under way, please try again')
    }
    const clear = {
      sql: 'DELETE FROM identity_change WHERE did = ? OR handle = ?',
      params: [did, handle],
    }
    return { answer: undefined, statements: [clear, insert] }
  })
}

export async function endIdentityChange(
  { lane }: Directory,
  { did, handle }: IdentityChange,
): Promise<void> {
  const sql = 'DELETE FROM identity_change WHERE did = ? AND handle IS ?'
  const statements = [{ sql, params: [did, handle] }]
  await lane.write([did], async () => ({ answer: undefined, statements }))
}

/** Oldest first. `age` is in milliseconds; `isExpired`: the change cannot be running any more. */
export async function listIdentityChanges(
  { sql, clock }: Directory,
  { age, limit }: { age: number; limit: number },
): Promise<(IdentityChange & { isExpired: boolean })[]> {
  const now = clock.now()
  const rows = await sql.all<{
    did: string
    handle: string | null
    reservedUntil: number
    byMember: string | null
  }>(
    `SELECT did, handle, held_until AS reservedUntil, by_member AS byMember FROM identity_change
     WHERE held_until <= ? ORDER BY held_until LIMIT ?`,
    now - age + RESERVATION_MS,
    limit,
  )
  return rows.map(({ did, handle, reservedUntil, byMember }) => ({
    did,
    handle,
    ...(byMember !== null && { by: JSON.parse(byMember) as ActingMember }),
    isExpired: reservedUntil <= now,
  }))
}

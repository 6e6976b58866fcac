/** Signing key rotations in progress: recorded before they begin, so that they can be resumed after a crash. */
import type { Directory } from '#src/directory/open-directory.ts'

export interface PendingKeyRotation {
  did: string
  recordedAt: number
}

/** A repeated call restarts the rotation's age. */
export async function recordKeyRotation(
  directory: Directory,
  { did }: { did: string },
): Promise<{ recordedAt: number }> {
  return directory.lane.write([did], async (now) => {
    const sql = 'INSERT OR REPLACE INTO key_rotation (did, noted_at) VALUES (?, ?)'
    return { answer: { recordedAt: now }, statements: [{ sql, params: [did, now] }] }
  })
}

/** Oldest first. `age` is in milliseconds. */
export async function listKeyRotations(
  { sql, clock }: Directory,
  { age, limit }: { age: number; limit: number },
): Promise<PendingKeyRotation[]> {
  return sql.all<PendingKeyRotation>(
    `SELECT did, noted_at AS recordedAt FROM key_rotation WHERE noted_at < ?
     ORDER BY noted_at, did LIMIT ?`,
    clock.now() - age,
    limit,
  )
}

/** Removes the reservation of the new key too. A rotation that was restarted since `recordedAt` is kept. */
export async function endKeyRotation(
  directory: Directory,
  { did, recordedAt, signingKeyDid }: PendingKeyRotation & { signingKeyDid?: string },
): Promise<void> {
  const subjects = signingKeyDid === undefined ? [did] : [did, `key ${signingKeyDid}`]
  await directory.lane.write(subjects, async () => ({
    answer: undefined,
    statements: [
      { sql: 'DELETE FROM key_rotation WHERE did = ? AND noted_at = ?', params: [did, recordedAt] },
      ...(signingKeyDid === undefined
        ? []
        : [{ sql: 'DELETE FROM reserved_key WHERE signing_key_did = ?', params: [signingKeyDid] }]),
    ],
  }))
}

/** Signing key rotations in progress: recorded before they begin, so that they can be resumed after a crash. */
import type { Directory } from '#src/directory/open-directory.ts'

export interface PendingKeyRotation {
  did: string
  /** Milliseconds since 1970. */
  notedAt: number
}

/** Records that the account's key is about to be replaced. A repeated call restarts its age. */
export async function recordKeyRotation(
  directory: Directory,
  { did }: { did: string },
): Promise<{ notedAt: number }> {
  return directory.lane.write([did], async (now) => {
    const sql = 'INSERT OR REPLACE INTO key_rotation (did, noted_at) VALUES (?, ?)'
    return { answer: { notedAt: now }, statements: [{ sql, params: [did, now] }] }
  })
}

/** Rotations recorded more than `age` milliseconds ago, oldest first, at most `limit`. */
export async function listKeyRotations(
  { sql, clock }: Directory,
  { age, limit }: { age: number; limit: number },
): Promise<PendingKeyRotation[]> {
  return sql.all<PendingKeyRotation>(
    `SELECT did, noted_at AS notedAt FROM key_rotation WHERE noted_at < ?
     ORDER BY noted_at, did LIMIT ?`,
    clock.now() - age,
    limit,
  )
}

/** Removes a rotation unless it was restarted since `notedAt`, and the reservation of its new key, if given. */
export async function endKeyRotation(
  directory: Directory,
  { did, notedAt, signingKeyDid }: PendingKeyRotation & { signingKeyDid?: string },
): Promise<void> {
  const subjects = signingKeyDid === undefined ? [did] : [did, `key ${signingKeyDid}`]
  await directory.lane.write(subjects, async () => ({
    answer: undefined,
    statements: [
      { sql: 'DELETE FROM key_rotation WHERE did = ? AND noted_at = ?', params: [did, notedAt] },
      ...(signingKeyDid === undefined
        ? []
        : [{ sql: 'DELETE FROM reserved_key WHERE signing_key_did = ?', params: [signingKeyDid] }]),
    ],
  }))
}

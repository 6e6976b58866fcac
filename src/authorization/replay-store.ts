/** Replay protection: DPoP proofs, client assertions and code challenges are accepted once. */
import { type AuthorizationShard, sweepIfDue } from '#src/authorization/shard.ts'

/**
 * Whether this hash has not been used before; records the use for `ttlMs` milliseconds. A retry with the same
 * `attempt`, after a lost response, gets the same answer.
 */
export async function isFirstUse(
  shard: AuthorizationShard,
  { hash, attempt, ttlMs }: { hash: string; attempt: string; ttlMs: number },
): Promise<boolean> {
  return shard.lane.write([hash], async (now) => {
    const previous = await shard.sql.first<{ attempt: string; expiresAt: number }>(
      'SELECT attempt, expires_at AS expiresAt FROM used WHERE hash = ?',
      hash,
    )
    const isKnown = previous !== undefined && previous.expiresAt > now
    if (isKnown) return { answer: previous.attempt === attempt, statements: [] }
    return {
      answer: true,
      statements: [
        ...sweepIfDue(shard, now),
        { sql: 'DELETE FROM used WHERE hash = ?', params: [hash] },
        // Fails, and with it the whole call, if another process inserted the hash meanwhile.
        {
          sql: 'INSERT INTO used (hash, attempt, expires_at) VALUES (?, ?, ?)',
          params: [hash, attempt, now + ttlMs],
        },
      ],
    }
  })
}

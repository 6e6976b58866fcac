/** What may be shown only once within its time: DPoP proofs, client assertions, code challenges. */
import { type AuthorizationShard, sweepIfDue } from '#src/authorization/shard.ts'

/**
 * Whether nothing of this hash has been shown before; from now on it has, for `keptMs`. The same `attempt` may ask
 * again, as one does whose answer was lost.
 */
export async function isFirstUse(
  shard: AuthorizationShard,
  { hash, attempt, ttlMs: keptMs }: { hash: string; attempt: string; ttlMs: number },
): Promise<boolean> {
  return shard.lane.write([hash], async (now) => {
    const earlier = await shard.sql.first<{ attempt: string; expiresAt: number }>(
      'SELECT attempt, expires_at AS expiresAt FROM used WHERE hash = ?',
      hash,
    )
    const isKnown = earlier !== undefined && earlier.expiresAt > now
    if (isKnown) return { answer: earlier.attempt === attempt, statements: [] }
    return {
      answer: true,
      statements: [
        ...sweepIfDue(shard, now),
        { sql: 'DELETE FROM used WHERE hash = ?', params: [hash] },
        // Fails where somebody else was quicker, and with it the whole call.
        {
          sql: 'INSERT INTO used (hash, attempt, expires_at) VALUES (?, ?, ?)',
          params: [hash, attempt, now + keptMs],
        },
      ],
    }
  })
}

/** Index from token ids, refresh tokens and authorization codes to accounts, by hash; each in the shard of its hash. */
import { type AuthorizationShard, writeAndSweep } from '#src/authorization/shard.ts'

export interface TokenOwner {
  did: string
  /** Of an authorization code. */
  requestId: string | null
  /** Absent in answers of an older release. */
  expiresAt?: number
}

/**
 * Adds an entry for `ttlMs` milliseconds. Call it before the account stores the token or code: an entry without a
 * token is harmless, a token without an entry could not be found.
 */
export async function putTokenOwner(
  shard: AuthorizationShard,
  input: { hash: string; did: string; requestId?: string; ttlMs: number },
): Promise<void> {
  const { hash, did, requestId, ttlMs } = input
  await writeAndSweep(shard, hash, {
    sql: 'INSERT OR REPLACE INTO name (hash, did, request_id, expires_at) VALUES (?, ?, ?, ?)',
    params: [hash, did, requestId ?? null, shard.clock.now() + ttlMs],
  })
}

export async function findTokenOwner(
  { sql }: AuthorizationShard,
  { hash }: { hash: string },
): Promise<TokenOwner | null> {
  const found = await sql.first<TokenOwner>(
    'SELECT did, request_id AS requestId, expires_at AS expiresAt FROM name WHERE hash = ?',
    hash,
  )
  return found ?? null
}

export async function removeTokenOwner(
  shard: AuthorizationShard,
  { hash }: { hash: string },
): Promise<void> {
  await writeAndSweep(shard, hash, { sql: 'DELETE FROM name WHERE hash = ?', params: [hash] })
}

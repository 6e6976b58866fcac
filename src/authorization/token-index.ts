/** From a token id, a refresh token or a code to the account whose it is: by their hashes, each in the shard of its own. */
import { type AuthorizationShard, writeAndSweep } from '#src/authorization/shard.ts'

export interface TokenOwner {
  did: string
  /** The authorization request that a code is of. */
  requestId: string | null
}

/** Notes whose something is, for `keptMs`. To be done before the account knows of it, so that nothing is ever lost. */
export async function putTokenOwner(
  shard: AuthorizationShard,
  input: { hash: string; did: string; requestId?: string; ttlMs: number },
): Promise<void> {
  const { hash, did, requestId, ttlMs: keptMs } = input
  await writeAndSweep(shard, hash, {
    sql: 'INSERT OR REPLACE INTO name (hash, did, request_id, expires_at) VALUES (?, ?, ?, ?)',
    params: [hash, did, requestId ?? null, shard.clock.now() + keptMs],
  })
}

/** Null for what nobody here was ever given. */
export async function findTokenOwner(
  { sql }: AuthorizationShard,
  { hash }: { hash: string },
): Promise<TokenOwner | null> {
  const found = await sql.first<TokenOwner>(
    'SELECT did, request_id AS requestId FROM name WHERE hash = ?',
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

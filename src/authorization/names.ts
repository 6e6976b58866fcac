/** From a token id, a refresh token or a code to the account whose it is: by their hashes, each in the shard of its own. */
import { type Authorization, write } from '#src/authorization/authorization.ts'

export interface NamedOwner {
  did: string
  /** The authorization request that a code is of. */
  requestId: string | null
}

/** Notes whose something is, for `keptMs`. To be done before the account knows of it, so that nothing is ever lost. */
export async function noteName(
  shard: Authorization,
  input: { hash: string; did: string; requestId?: string; keptMs: number },
): Promise<void> {
  const { hash, did, requestId, keptMs } = input
  await write(shard, hash, {
    sql: 'INSERT OR REPLACE INTO name (hash, did, request_id, expires_at) VALUES (?, ?, ?, ?)',
    params: [hash, did, requestId ?? null, shard.clock.now() + keptMs],
  })
}

/** Null for what nobody here was ever given. */
export async function findName(
  { sql }: Authorization,
  { hash }: { hash: string },
): Promise<NamedOwner | null> {
  const found = await sql.first<NamedOwner>(
    'SELECT did, request_id AS requestId FROM name WHERE hash = ?',
    hash,
  )
  return found ?? null
}

export async function forgetName(shard: Authorization, { hash }: { hash: string }): Promise<void> {
  await write(shard, hash, { sql: 'DELETE FROM name WHERE hash = ?', params: [hash] })
}

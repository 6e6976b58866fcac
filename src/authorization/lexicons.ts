/** Permission sets as last resolved, so that a session can be refreshed while their publishers are unreachable. */
import { type AuthorizationShard, evictLexicons, writeAndSweep } from '#src/authorization/shard.ts'

/** `data` is JSON. */
export async function storeLexicon(
  shard: AuthorizationShard,
  { nsid, data }: { nsid: string; data: string },
): Promise<void> {
  const excess = await shard.limits.lexicons.add(shard)
  const insert = {
    sql: 'INSERT OR REPLACE INTO lexicon (nsid, data, updated_at) VALUES (?, ?, ?)',
    params: [nsid, data, shard.clock.now()],
  }
  await writeAndSweep(shard, nsid, insert, ...(excess > 0 ? [evictLexicons] : []))
}

export async function findLexicon(
  { sql }: AuthorizationShard,
  { nsid }: { nsid: string },
): Promise<string | null> {
  const found = await sql.first<{ data: string }>('SELECT data FROM lexicon WHERE nsid = ?', nsid)
  return found?.data ?? null
}

export async function removeLexicon(
  shard: AuthorizationShard,
  { nsid }: { nsid: string },
): Promise<void> {
  await writeAndSweep(shard, nsid, { sql: 'DELETE FROM lexicon WHERE nsid = ?', params: [nsid] })
}

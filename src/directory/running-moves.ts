/** Moves that a gateway carries out, recorded before a run begins, so that another one continues after a crash. */
import type { Directory } from '#src/directory/open-directory.ts'

export async function addRunningMove({ lane }: Directory, { did }: { did: string }): Promise<void> {
  const sql = 'INSERT OR IGNORE INTO running_move (did) VALUES (?)'
  await lane.write([did], async () => ({ answer: undefined, statements: [{ sql, params: [did] }] }))
}

export async function listRunningMoves(
  { sql }: Directory,
  { limit }: { limit: number },
): Promise<string[]> {
  const rows = await sql.all<{ did: string }>(
    'SELECT did FROM running_move ORDER BY did LIMIT ?',
    limit,
  )
  return rows.map(({ did }) => did)
}

export async function removeRunningMove(
  { lane }: Directory,
  { did }: { did: string },
): Promise<void> {
  const sql = 'DELETE FROM running_move WHERE did = ?'
  await lane.write([did], async () => ({ answer: undefined, statements: [{ sql, params: [did] }] }))
}

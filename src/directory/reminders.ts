/**
 * Accounts that may have events to deliver. An account notes itself here before it stores the first event of a wake,
 * and strikes itself out when it falls asleep with everything delivered. Whoever starts a process reminds those that
 * are noted: so no event waits for somebody to call its account, and no account waits to be born.
 */
import { deleteInitialStates } from '#src/directory/initial-states.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** Notes an account. May be repeated; what is noted already costs no transaction. */
export async function addReminder(directory: Directory, { did }: { did: string }): Promise<void> {
  if (directory.withReminder.has(did)) return
  await directory.lane.write([did], async () => ({
    answer: undefined,
    statements: [insertReminder(did)],
  }))
  directory.withReminder.add(did)
}

/** Strikes accounts out, which have been born by now. May be repeated. */
export async function removeReminders(
  directory: Directory,
  { dids }: { dids: readonly string[] },
): Promise<void> {
  for (const did of dids) directory.withReminder.delete(did)
  const statement = {
    sql: 'DELETE FROM reminder WHERE did IN (SELECT value FROM json_each(?))',
    params: [JSON.stringify(dids)],
  }
  const statements = [statement, deleteInitialStates(dids)]
  await directory.lane.write(dids, async () => ({ answer: undefined, statements }))
}

/** The DIDs noted, at most `limit` of those after `after`. */
export async function listReminders(
  { sql }: Directory,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await sql.all<{ did: string }>(
    'SELECT did FROM reminder WHERE did > ? ORDER BY did LIMIT ?',
    after,
    limit,
  )
  return rows.map(({ did }) => did)
}

export function insertReminder(did: string): Statement {
  return { sql: 'INSERT OR IGNORE INTO reminder (did) VALUES (?)', params: [did] }
}

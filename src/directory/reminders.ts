/**
 * Accounts that may have undelivered events. An account adds its reminder before it stores the first event after a
 * wake, and removes it when it goes to sleep with everything delivered. Every process wakes the listed accounts when it
 * starts: so delivery does not depend on a call to the account, and a new account gets its database.
 */
import { deleteInitialStates } from '#src/directory/initial-states.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

export async function addReminder(directory: Directory, { did }: { did: string }): Promise<void> {
  if (directory.withReminder.has(did)) return
  await directory.lane.write([did], async () => ({
    answer: undefined,
    statements: [insertReminder(did)],
  }))
  directory.withReminder.add(did)
}

/** Idempotent. Deletes the initial states too: an account that removes its reminder has its own database. */
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

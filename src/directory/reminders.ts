/**
 * Accounts that may have undelivered events. An account adds its reminder before it stores the first event after a
 * wake, and removes it when it goes to sleep with everything delivered. A reminder belongs to the process in which the
 * account was awake when it was added. That process wakes the accounts of its reminders that have fallen asleep, also
 * after a restart; if it stops, the others do. So delivery does not depend on a call to the account, and a new account
 * gets its database.
 *
 * A process is known by the id of its data folder, in which no two processes with actors can run.
 */
import { deleteInitialStates } from '#src/directory/initial-states.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** `process` is absent in calls of releases that did not have it. */
export async function addReminder(
  directory: Directory,
  { did, process = null }: { did: string; process?: string | null },
): Promise<void> {
  if (directory.withReminder.get(did) === process) return
  await directory.lane.write([did], async () => ({
    answer: undefined,
    statements: [insertReminder(did, process)],
  }))
  directory.withReminder.set(did, process)
}

/**
 * Idempotent. Deletes the initial states too: an account that removes its reminder has its own database. With a
 * `process`, only its own reminders are removed: another process may have added one since. If that process `isStopping`,
 * those that it leaves are for any process.
 */
export async function removeReminders(
  directory: Directory,
  { dids, process, isStopping = false }: RemovedReminders,
): Promise<void> {
  for (const did of dids) directory.withReminder.delete(did)
  const isOwn = '(?2 IS NULL OR process IS NULL OR process = ?2)'
  const statements = [
    {
      sql: `DELETE FROM reminder WHERE did IN (SELECT value FROM json_each(?1)) AND ${isOwn}`,
      params: [JSON.stringify(dids), process ?? null],
    },
    deleteInitialStates(dids),
  ]
  if (process !== undefined && isStopping) {
    statements.push({
      sql: 'UPDATE reminder SET process = NULL WHERE process = ?',
      params: [process],
    })
    for (const [did, owner] of directory.withReminder) {
      if (owner === process) directory.withReminder.set(did, null)
    }
  }
  await directory.lane.write(dids, async () => ({ answer: undefined, statements }))
}

interface RemovedReminders {
  dids: readonly string[]
  process?: string
  isStopping?: boolean
}

/**
 * The accounts whose reminders `process` should send, in order: its own, those of processes that have not called this
 * for a while, and those without a process. All of them, if `process` is absent. With
 * `isNew`, only those of new accounts, which may have no database yet, and none while hundreds are being created; or
 * only the others.
 */
export async function listReminders(
  { sql, processes, bulkCreation }: Directory,
  { after, limit, process, isNew }: ListedReminders,
): Promise<string[]> {
  if (process !== undefined) processes.note(process)
  const running = process === undefined ? [] : processes.list()
  if (isNew && bulkCreation.isRunning()) return []
  const hasInitialState = 'EXISTS (SELECT 1 FROM birth WHERE birth.did = reminder.did)'
  const isOrphan = '?4 IS NOT NULL AND process NOT IN (SELECT value FROM json_each(?4))'
  const rows = await sql.all<{ did: string }>(
    `SELECT did FROM reminder
     WHERE did > ?1 AND (process IS NULL OR process = ?3 OR (${isOrphan}))
       AND (?5 IS NULL OR ${hasInitialState} = ?5) ORDER BY did LIMIT ?2`,
    after,
    limit,
    process ?? null,
    running === undefined ? null : JSON.stringify(running),
    isNew === undefined ? null : Number(isNew),
  )
  return rows.map(({ did }) => did)
}

interface ListedReminders {
  after: string
  limit: number
  process?: string
  isNew?: boolean
}

/** Adds a reminder that any process may send if `process` is null. */
export function insertReminder(did: string, process: string | null): Statement {
  return {
    sql: `INSERT INTO reminder (did, process) VALUES (?, ?)
          ON CONFLICT (did) DO UPDATE SET process = excluded.process`,
    params: [did, process],
  }
}

/** As `insertReminder`, for any process. */
export function insertReminders(dids: readonly string[]): Statement {
  return {
    sql: `INSERT INTO reminder (did, process) SELECT value, NULL FROM json_each(?) WHERE TRUE
          ON CONFLICT (did) DO UPDATE SET process = NULL`,
    params: [JSON.stringify(dids)],
  }
}

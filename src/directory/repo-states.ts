/** What the directory knows of a repo for sure, so that relays can be answered while its account sleeps. */
import type { Directory } from '#src/directory/open-directory.ts'
import type { AccountStatus } from '#src/rules/states.ts'

export interface RepoState {
  status: AccountStatus
  /** If false, all of the account's events are in the log, and `status` is the newest. */
  mayHaveEvents: boolean
}

/** Null for an account that is unknown or being created. */
export async function findRepoState(
  { sql }: Directory,
  { did }: { did: string },
): Promise<RepoState | null> {
  // An account has a reminder from before it stores an event until all are delivered, and pushes its status before it
  // delivers the event that announces it.
  const row = await sql.first<{ status: AccountStatus; hasReminder: number }>(
    `SELECT status, EXISTS (SELECT 1 FROM reminder WHERE did = ?1) AS hasReminder
     FROM account WHERE did = ?1 AND reserved_until IS NULL`,
    did,
  )
  if (row === undefined) return null
  return { status: row.status, mayHaveEvents: row.hasReminder !== 0 }
}

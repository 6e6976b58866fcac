/** Accounts due for deletion: those whose `deleteAfter` has passed, and those whose deletion is unfinished. */
import { deleteInitialStates } from '#src/directory/initial-states.ts'
import { deleteMemberships } from '#src/directory/memberships.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { deleteRelayAccounts } from '#src/directory/relay-accounts.ts'

export async function listDueDeletions(
  { sql, clock }: Directory,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await sql.all<{ did: string }>(
    'SELECT did FROM account WHERE delete_after <= ? AND did > ? ORDER BY did LIMIT ?',
    clock.now(),
    after,
    limit,
  )
  return rows.map(({ did }) => did)
}

/**
 * Removes a deleted account: its handle and email become free, and its DID may be created again. Idempotent; does
 * nothing to an account with another status. `forgotten` is whether the DID is now unknown.
 */
export async function removeDeletedAccount(
  directory: Directory,
  { did }: { did: string },
): Promise<{ forgotten: boolean }> {
  try {
    return await directory.lane.write([did], async () => {
      const account = await directory.sql.first<{ status: string }>(
        'SELECT status FROM account WHERE did = ? AND reserved_until IS NULL',
        did,
      )
      const forgotten = account === undefined || account.status === 'deleted'
      if (account?.status !== 'deleted') return { answer: { forgotten }, statements: [] }
      const deleteAccount = { sql: 'DELETE FROM account WHERE did = ?', params: [did] }
      const deleteReminder = { sql: 'DELETE FROM reminder WHERE did = ?', params: [did] }
      directory.withReminder.delete(did)
      return {
        answer: { forgotten },
        statements: [
          deleteInitialStates([did]),
          deleteReminder,
          deleteRelayAccounts(did),
          deleteMemberships(did),
          deleteAccount,
        ],
      }
    })
  } finally {
    directory.cache.clear()
  }
}

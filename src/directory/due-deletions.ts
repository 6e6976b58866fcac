/** Accounts that are to go: those whose time has come, and those whose deletion is still to be finished. */
import { deleteInitialStates } from '#src/directory/initial-states.ts'
import type { Directory } from '#src/directory/open-directory.ts'

/** DIDs of accounts whose `delete_after` is over, at most `limit` of those after `after`. */
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
 * Forgets an account that is deleted: from here on its handle and its email are free, and its DID may come again. May
 * be repeated; nothing happens to an account in another state. `forgotten` tells whether the DID is unknown now.
 */
export async function removeDeletedAccount(
  directory: Directory,
  { did }: { did: string },
): Promise<{ forgotten: boolean }> {
  try {
    return await directory.lane.write([did], async () => {
      const known = await directory.sql.first<{ status: string }>(
        'SELECT status FROM account WHERE did = ? AND reserved_until IS NULL',
        did,
      )
      const forgotten = known === undefined || known.status === 'deleted'
      if (known?.status !== 'deleted') return { answer: { forgotten }, statements: [] }
      const drop = { sql: 'DELETE FROM account WHERE did = ?', params: [did] }
      const calm = { sql: 'DELETE FROM reminder WHERE did = ?', params: [did] }
      directory.withReminder.delete(did)
      return { answer: { forgotten }, statements: [deleteInitialStates([did]), calm, drop] }
    })
  } finally {
    directory.cache.clear()
  }
}

/** Accounts by when and from where they were created, to find those of a flood. */
import { formatAccountCursor, parseAccountCursor } from '#src/directory/account-cursor.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** After this long, the address block that an account was created from is forgotten. */
const KEPT_MS = 30 * 24 * 60 * 60_000

export interface CreatedAccount {
  did: string
  handle: string
  email: string | null
  status: string
  /** ISO 8601. */
  createdAt: string
  /** An IPv4 /24 or an IPv6 /48; null if it is not known. */
  network: string | null
}

/**
 * Those created from `after` on and before `before` (ms since 1970), in any status but deleted; oldest first. `cursor`
 * is absent after the last page; throws 400 if it is malformed.
 */
export async function listCreatedAccounts(
  { sql }: Directory,
  { after, before, cursor, limit }: CreatedFilter,
): Promise<{ accounts: CreatedAccount[]; cursor?: string }> {
  const [createdAt, did] = cursor === undefined ? [after, ''] : parseAccountCursor(cursor)
  const rows = await sql.all<Omit<CreatedAccount, 'createdAt'> & { createdAt: number }>(
    `SELECT did, handle, email, status, created_at AS createdAt, network FROM account
     WHERE reserved_until IS NULL AND (created_at, did) > (?, ?) AND created_at < ?
       AND status <> 'deleted' ORDER BY created_at, did LIMIT ?`,
    createdAt,
    did,
    before,
    limit,
  )
  const last = rows.at(-1)
  const accounts = rows.map((row) => ({ ...row, createdAt: isoTime(row.createdAt) }))
  return rows.length < limit || last === undefined
    ? { accounts }
    : { accounts, cursor: formatAccountCursor(last) }
}

interface CreatedFilter {
  after: number
  before: number
  cursor?: string
  limit: number
}

export function forgetOldNetworks(now: number): Statement {
  return {
    sql: 'UPDATE account SET network = NULL WHERE network IS NOT NULL AND created_at <= ?',
    params: [now - KEPT_MS],
  }
}

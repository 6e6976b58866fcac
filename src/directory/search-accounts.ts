/** Account search by part of an email or handle (com.atproto.admin.searchAccounts). */
import { formatAccountCursor, parseAccountCursor } from '#src/directory/account-cursor.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface AccountInfo {
  did: string
  handle: string
  email: string | null
  status: string
  createdAt: string
}

/**
 * The accounts, of one status or of any but deleted, whose email or handle contains `text` or whose DID equals it; oldest first.
 * `cursor` is `<ms>::<did>` of the last account, absent after the last page; throws 400 if it is malformed.
 */
export async function searchAccounts(
  { sql }: Directory,
  {
    text = '',
    status,
    cursor,
    limit,
  }: { text?: string; status?: string; cursor?: string; limit: number },
): Promise<{ accounts: AccountInfo[]; cursor?: string }> {
  const [createdAt, did] = cursor === undefined ? [-1, ''] : parseAccountCursor(cursor)
  const part = text.toLowerCase()
  const rows = await sql.all<Omit<AccountInfo, 'createdAt'> & { createdAt: number }>(
    `SELECT did, handle, email, status, created_at AS createdAt FROM account
     WHERE reserved_until IS NULL AND status <> 'deleted' AND (created_at, did) > (?1, ?2)
       AND (instr(handle, ?3) > 0 OR instr(email, ?3) > 0 OR did = ?4)
       AND (?5 IS NULL OR status = ?5)
     ORDER BY created_at, did LIMIT ?6`,
    ...[createdAt, did, part, text, status ?? null, limit + 1],
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const accounts = page.map((row) => ({ ...row, createdAt: isoTime(row.createdAt) }))
  return last === undefined || rows.length <= limit
    ? { accounts }
    : { accounts, cursor: formatAccountCursor(last) }
}

export async function getAccountInfos(
  { sql }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<AccountInfo[]> {
  const rows = await sql.all<Omit<AccountInfo, 'createdAt'> & { createdAt: number }>(
    `SELECT did, handle, email, status, created_at AS createdAt FROM account
     WHERE reserved_until IS NULL AND status <> 'deleted'
       AND did IN (SELECT value FROM json_each(?))`,
    JSON.stringify(dids),
  )
  const byDid = new Map(rows.map((row) => [row.did, row]))
  return [...new Set(dids)].flatMap((did) => {
    const row = byDid.get(did)
    return row === undefined ? [] : [{ ...row, createdAt: isoTime(row.createdAt) }]
  })
}

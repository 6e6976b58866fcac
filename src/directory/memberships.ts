/** Who is a member of which group account of this server, so that "my groups" wakes no account. The groups decide. */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

interface MembershipInput {
  did: string
  /** Null if it is no member any more. */
  role: string | null
  /** Milliseconds since 1970. */
  expiresAt: number | null
}

/** What a group says of some of its members. Idempotent. */
export async function setMemberships(
  directory: Directory,
  { account, memberships }: { account: string; memberships: readonly MembershipInput[] },
): Promise<void> {
  await directory.lane.write([account], async () => ({
    answer: undefined,
    statements: memberships.map((membership) => setMembership(account, membership)),
  }))
}

export function setMembership(
  account: string,
  { did, role, expiresAt }: MembershipInput,
): Statement {
  if (role === null) {
    return {
      sql: 'DELETE FROM membership WHERE member = ? AND account = ?',
      params: [did, account],
    }
  }
  return {
    sql: `INSERT OR REPLACE INTO membership (member, account, role, expires_at)
          VALUES (?, ?, ?, ?)`,
    params: [did, account, role, expiresAt],
  }
}

export function deleteMemberships(account: string): Statement {
  return { sql: 'DELETE FROM membership WHERE account = ?', params: [account] }
}

export async function findMembership(
  { sql, clock }: Directory,
  { account, member }: { account: string; member: string },
): Promise<{ role: string } | null> {
  const row = await sql.first<{ role: string }>(
    `SELECT role FROM membership
     WHERE member = ? AND account = ? AND coalesce(expires_at > ?, TRUE)`,
    ...[member, account, clock.now()],
  )
  return row ?? null
}

/** Whether the account of a DID has members. A group cannot be a member of another one. */
export async function isGroup({ sql }: Directory, { did }: { did: string }): Promise<boolean> {
  return (await sql.first('SELECT 1 FROM membership WHERE account = ?', did)) !== undefined
}

export interface ListedGroup {
  did: string
  handle: string
  status: string
  role: string
}

interface MembershipsPage {
  member: string
  account?: string
  limit: number
  cursor?: string
}

/** The groups of a member, or the `account` only, in the order of their DIDs; the cursor is the last of a page. */
export async function listMemberships(
  { sql, clock }: Directory,
  { member, account, limit, cursor = '' }: MembershipsPage,
): Promise<{ groups: ListedGroup[]; cursor?: string }> {
  const groups = await sql.all<ListedGroup>(
    `SELECT account.did, handle, status, role
     FROM membership JOIN account ON account.did = membership.account
     WHERE member = ? AND account.did > ? AND coalesce(account.did = ?, TRUE)
       AND reserved_until IS NULL
       AND coalesce(expires_at > ?, TRUE)
     ORDER BY membership.account LIMIT ?`,
    ...[member, cursor, account ?? null, clock.now(), limit],
  )
  const last = groups.length < limit ? undefined : groups.at(-1)
  return { groups, ...(last && { cursor: last.did }) }
}

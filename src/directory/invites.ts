/** Invite codes: made by the admin, used up by new accounts. */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'

/**
 * Makes `codeCount` codes for each account (a DID, or `admin`), good for `useCount` accounts each. `hostname` is
 * the service's; a code begins with it, dots turned to dashes.
 */
export async function createInviteCodes(
  directory: Directory,
  {
    hostname,
    useCount,
    codeCount = 1,
    forAccounts = ['admin'],
  }: { hostname: string; useCount: number; codeCount?: number; forAccounts?: readonly string[] },
): Promise<{ codes: { account: string; codes: string[] }[] }> {
  const made = forAccounts.map((account) => ({
    account,
    codes: Array.from({ length: codeCount }, () => newInviteCode(hostname)),
  }))
  const rows = made.flatMap(({ account: forAccount, codes }) =>
    codes.map((code) => ({ code, forAccount, createdBy: 'admin', disabled: false })),
  )
  return directory.lane.write([], async (now) => ({
    answer: { codes: made },
    statements: insertInviteCodes(rows, useCount, now),
  }))
}

/** Stores new codes, each good for `useCount` accounts. `createdBy` is a DID, or `admin`. */
export function insertInviteCodes(
  codes: readonly { code: string; forAccount: string; createdBy: string; disabled: boolean }[],
  useCount: number,
  now: number,
): Statement[] {
  if (codes.length === 0) return []
  const createdAt = new Date(now).toISOString()
  const rows = codes.map(({ code, forAccount, createdBy, disabled }) => {
    return [code, useCount, disabled ? 1 : 0, forAccount, createdBy, createdAt]
  })
  const columns = 'code, available_uses, disabled, for_account, created_by, created_at'
  return [insertRows(`INSERT INTO invite_code (${columns})`, rows)]
}

/** Throws 400 InvalidInviteCode unless the code has a use left for `did`. Expired reservations do not count. */
export async function checkInviteCode(
  { sql }: Directory,
  code: string,
  did: string,
  now: number,
): Promise<void> {
  const usable = await sql.first(
    `SELECT 1 FROM invite_code AS invite
     LEFT JOIN account AS creator ON creator.did = invite.for_account
     WHERE invite.code = ? AND invite.disabled = 0 AND creator.status IS NOT 'takendown'
       AND invite.available_uses > (
         SELECT count(*) FROM invite_code_use AS use LEFT JOIN account AS user ON user.did = use.used_by
         WHERE use.code = invite.code AND use.used_by <> ?
           AND (user.reserved_until IS NULL OR user.reserved_until > ?))`,
    code,
    did,
    now,
  )
  if (usable === undefined) {
    throw invalidRequest('Provided invite code not available', 'InvalidInviteCode')
  }
}

/** Notes that `did` uses the code; once, however often it is repeated. */
export function insertInviteUse(code: string, did: string, now: number): Statement {
  return {
    sql: 'INSERT OR IGNORE INTO invite_code_use (code, used_by, used_at) VALUES (?, ?, ?)',
    params: [code, did, new Date(now).toISOString()],
  }
}

/** Gives back what `did` used. */
export function deleteInviteUses(did: string): Statement {
  return { sql: 'DELETE FROM invite_code_use WHERE used_by = ?', params: [did] }
}

/** `pds-example-com-abc23-567xy`: not mistakable for a link. */
export function newInviteCode(hostname: string): string {
  return `${hostname.replaceAll('.', '-')}-${randomLetters(2, 5)}`
}

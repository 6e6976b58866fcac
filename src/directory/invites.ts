/** Invite codes: created by the admin, used by new accounts. */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface CodesOfAccount {
  /** A DID, or `admin`. */
  account: string
  codes: readonly string[]
}

export async function createInviteCodes(
  directory: Directory,
  { useCount, codes }: { useCount: number; codes: readonly CodesOfAccount[] },
): Promise<void> {
  const rows = codes.flatMap(({ account: forAccount, codes }) =>
    codes.map((code) => ({ code, forAccount, createdBy: 'admin', disabled: false })),
  )
  await directory.lane.write([], async (now) => ({
    answer: undefined,
    statements: insertInviteCodes(rows, useCount, now),
  }))
}

export function insertInviteCodes(
  codes: readonly { code: string; forAccount: string; createdBy: string; disabled: boolean }[],
  useCount: number,
  now: number,
): Statement[] {
  if (codes.length === 0) return []
  const createdAt = isoTime(now)
  const rows = codes.map(({ code, forAccount, createdBy, disabled }) => {
    return [code, useCount, disabled ? 1 : 0, forAccount, createdBy, createdAt]
  })
  const columns = 'code, available_uses, disabled, for_account, created_by, created_at'
  return [insertRows(`INSERT OR IGNORE INTO invite_code (${columns})`, rows)]
}

/** Throws 400 InvalidInviteCode unless the code has a use left for `did`. Expired reservations do not count as uses. */
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

export function insertInviteUse(code: string, did: string, now: number): Statement {
  return {
    sql: 'INSERT OR IGNORE INTO invite_code_use (code, used_by, used_at) VALUES (?, ?, ?)',
    params: [code, did, isoTime(now)],
  }
}

export function deleteInviteUses(did: string): Statement {
  return { sql: 'DELETE FROM invite_code_use WHERE used_by = ?', params: [did] }
}

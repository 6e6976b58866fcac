/** The rows of a group's members, and everything by which one of them may be signed in as the group. */
import type { Account } from '#src/account/account.ts'
import { revokedEvents } from '#src/account/grant-events.ts'
import { addPrivateEvents, MAX_NAME_LENGTH } from '#src/account/private-events.ts'
import { endedBody } from '#src/account/sessions/refresh-tokens.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

export type MemberKind = 'person' | 'service'

export interface MemberRow {
  did: string
  role: string
  kind: MemberKind
  addedBy: string
  addedAt: number
  expiresAt: number | null
  note: string | null
}

export const MAX_MEMBERS = 1_000

export const selectMembers = `SELECT did, role, kind, added_by AS addedBy, added_at AS addedAt,
  expires_at AS expiresAt, note FROM member`

export function findMember({ sql }: Account, did: string): Promise<MemberRow | undefined> {
  return sql.first<MemberRow>(`${selectMembers} WHERE did = ?`, did)
}

/** Replaces a row with the same DID. */
export function storeMember(row: MemberRow): Statement {
  const { did, role, kind, addedBy, addedAt, expiresAt, note } = row
  return {
    sql: `INSERT OR REPLACE INTO member (did, role, kind, added_by, added_at, expires_at, note)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
    params: [did, role, kind, addedBy, addedAt, expiresAt, note],
  }
}

/** Throws 400 TooManyMembers. */
export async function mustHaveRoomForMember({ sql }: Account): Promise<void> {
  const row = await sql.first<{ members: number }>('SELECT count(*) AS members FROM member')
  if ((row?.members ?? 0) < MAX_MEMBERS) return
  throw invalidRequest(`A group has at most ${MAX_MEMBERS} members`, 'TooManyMembers')
}

/** The row, the member's sessions, app passwords, grants and browsers, and the invitations that it made. */
export function deleteMember(account: Pick<Account, 'clock'>, did: string): Statement[] {
  return [
    addPrivateEvents(
      account,
      '#session',
      `SELECT session AS subject, ${endedBody} AS body
       FROM refresh_token WHERE member = ? AND session IS NOT NULL GROUP BY session`,
      [did],
    ),
    addPrivateEvents(
      account,
      '#appPassword',
      `SELECT NULL AS subject, json_object('change', 'revoked', 'name', substr(name, 1, ${MAX_NAME_LENGTH}),
         'privileged', json('false')) AS body FROM credential WHERE kind = 'app password' AND member = ?`,
      [did],
    ),
    revokedEvents(account, 'member = ?', [did]),
    ...['refresh_token', 'credential', 'oauth', 'member'].map((table) => ({
      sql: `DELETE FROM ${table} WHERE ${table === 'member' ? 'did' : 'member'} = ?`,
      params: [did],
    })),
    { sql: 'DELETE FROM invitation WHERE created_by = ?', params: [did] },
  ]
}

/** Lists and ends the sessions of clients that signed in with a password, for the owner of the account. */
import type { Account } from '#src/account/account.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import { addPrivateEvents } from '#src/account/private-events.ts'
import { endedBody } from '#src/account/sessions/refresh-tokens.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { REFRESH_LIFETIME_MS } from '#src/rules/session-tokens.ts'

export interface ListedSession {
  id: string
  /** When it was begun or last refreshed. */
  lastUsedAt: string
  /** The name of the app password with which it was begun. */
  appPassword?: string
}

const MAX_LISTED = 200

/** The last used first. Sessions from before release 5 are not listed until they are refreshed. */
export async function listSessions({ sql, clock }: Account): Promise<ListedSession[]> {
  const rows = await sql.all<{ id: string; expiresAt: number; appPassword: string | null }>(
    `SELECT session AS id, expires_at AS expiresAt, app_password_name AS appPassword
     FROM refresh_token
     WHERE next_id IS NULL AND session IS NOT NULL AND member IS NULL AND expires_at > ?
     ORDER BY expires_at DESC, id LIMIT ?`,
    ...[clock.now(), MAX_LISTED],
  )
  return rows.map(({ id, expiresAt, appPassword }) => ({
    id,
    lastUsedAt: isoTime(expiresAt - REFRESH_LIFETIME_MS),
    ...(appPassword !== null && { appPassword }),
  }))
}

/** Its access tokens are valid until they expire, as after com.atproto.server.deleteSession. */
export async function endSession(account: Account, { id }: { id: string }): Promise<void> {
  await account.sql.batch([
    addPrivateEvents(
      account,
      '#session',
      `SELECT session AS subject, ${endedBody} AS body FROM refresh_token
       WHERE session = ? AND next_id IS NULL`,
      [id],
    ),
    { sql: 'DELETE FROM refresh_token WHERE session = ?', params: [id] },
  ])
}

/** As `endAllSessions`, including the caller's session. */
export async function endEverySession(
  account: Account,
  _: object = {},
  key?: IdempotencyKey,
): Promise<void> {
  try {
    await account.sql.batch([...endAllSessions(account), ...account.idempotencyKeys.markUsed(key)])
  } finally {
    account.accessTokens.clear()
  }
}

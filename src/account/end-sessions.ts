/**
 * Ends everything by which a client may be signed in: sessions, sessions of the account pages, OAuth grants, and
 * browsers that remember the account. App passwords stay.
 */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import type { Statement } from '#src/ports/sql.ts'

/** The row of the `oauth` table that keeps when the sessions were last ended. */
const ENDED = `kind = 'sessions ended'`

/** Call `accessTokens.clear()` after the transaction. */
export function endAllSessions(account: Pick<Account, 'clock'>): Statement[] {
  return [
    { sql: 'DELETE FROM refresh_token' },
    { sql: `DELETE FROM factor WHERE kind IN ('session', 'step')` },
    { sql: `DELETE FROM oauth WHERE kind IN ('token', 'spent', 'device')` },
    {
      sql: `INSERT OR REPLACE INTO oauth (kind, id, created_at, updated_at)
            VALUES ('sessions ended', '', ?1, ?1)`,
      params: [account.clock.now()],
    },
    addPrivateEvent(account, '#session', { change: 'ended', kind: 'all' }),
  ]
}

/**
 * An SQL condition with one parameter, a moment or null: the sessions were not ended since. A sign-in takes several
 * calls, so one that began with the former password may reach the account after the new one.
 */
export const notEndedSince = `NOT EXISTS (SELECT 1 FROM oauth WHERE ${ENDED} AND created_at >= ?)`

/** Whether the sessions were ended at this moment or later; false if it is not known when something began. */
export async function haveSessionsEndedSince(
  { sql }: Pick<Account, 'sql'>,
  moment: number | undefined,
): Promise<boolean> {
  if (moment === undefined) return false
  const found = await sql.first(`SELECT 1 FROM oauth WHERE ${ENDED} AND created_at >= ?`, moment)
  return found !== undefined
}

/** Revokes OAuth grants: deletes their rows, and adds the private events about it. */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvents } from '#src/account/private-events.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

const revokedBody = `json_object('change', 'revoked',
  'clientId', coalesce(json_extract(data, '$.clientId'), ''),
  'scope', coalesce(json_extract(data, '$.scope'), json_extract(data, '$.parameters.scope'), ''))`

/** An event for each token that matches an SQL condition. Run it before the deletion. */
export function revokedEvents(
  account: Pick<Account, 'clock'>,
  condition: string,
  params: readonly SqlValue[],
): Statement {
  const query = `SELECT session AS subject, ${revokedBody} AS body FROM oauth
                 WHERE kind = 'token' AND ${condition}`
  return addPrivateEvents(account, '#grant', query, params)
}

/** Revokes the grants whose tokens match. Call `accessTokens.clear()` after the transaction. */
export function revokeGrants(
  account: Pick<Account, 'clock'>,
  condition: string,
  params: readonly SqlValue[],
): Statement[] {
  return [
    revokedEvents(account, condition, params),
    { sql: `DELETE FROM oauth WHERE kind = 'token' AND ${condition}`, params },
  ]
}

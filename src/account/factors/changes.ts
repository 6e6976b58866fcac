/** Factors that are added and removed, and page sessions that are ended, each with its private event. */
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { putRow } from '#src/account/factors/rows.ts'
import { addPrivateEvent, addPrivateEvents } from '#src/account/private-events.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

type HasClock = Pick<Account, 'clock'>

export function addFactor(
  account: HasClock,
  kind: FactorKind,
  id: string,
  row?: Parameters<typeof putRow>[3],
): Statement[] {
  const event = addPrivateEvent(account, '#factor', { change: 'added', kind })
  return [putRow(account, kind, id, row), event]
}

/** All factors of the kind if there is no `id`. */
export function removeFactor(account: HasClock, kind: FactorKind, id?: string): Statement[] {
  return id === undefined
    ? removeFactorsWhere(account, 'kind = ?', [kind])
    : removeFactorsWhere(account, 'kind = ? AND id = ?', [kind, id])
}

/** Removes every row of the table: factors, codes and page sessions. */
export function removeAllRows(account: HasClock): Statement[] {
  return [
    ...removeFactorsWhere(account, `kind IN ('passkey', 'totp', 'email')`, []),
    ...endPageSessions(account, 'TRUE', []),
    { sql: 'DELETE FROM factor' },
  ]
}

function removeFactorsWhere(
  account: HasClock,
  condition: string,
  params: readonly SqlValue[],
): Statement[] {
  const query = `SELECT NULL AS subject, json_object('change', 'removed', 'kind', kind) AS body
                 FROM factor WHERE ${condition}`
  return [
    addPrivateEvents(account, '#factor', query, params),
    { sql: `DELETE FROM factor WHERE ${condition}`, params },
  ]
}

/** Ends the page sessions that fulfil the SQL condition. */
export function endPageSessions(
  account: HasClock,
  condition: string,
  params: readonly SqlValue[],
): Statement[] {
  const from = `FROM factor WHERE kind = 'session' AND ${condition}`
  const query = `SELECT id AS subject, json_object('change', 'ended', 'kind', 'page') AS body ${from}`
  return [addPrivateEvents(account, '#session', query, params), { sql: `DELETE ${from}`, params }]
}

/** Ends all page sessions but the newest `count`. */
export function keepNewestPageSessions(account: HasClock, count: number): Statement[] {
  const newest = `SELECT id FROM factor WHERE kind = 'session' ORDER BY created_at DESC, id LIMIT ?`
  return endPageSessions(account, `id NOT IN (${newest})`, [count])
}

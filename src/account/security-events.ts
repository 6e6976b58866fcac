/**
 * The account's security log: the newest 200 events that its owner may want to know of, with the client they came from.
 * Each is also a private event, without the client.
 */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export type SecurityEventKind =
  | 'sign in'
  | 'app password sign in'
  | 'second factor refused'
  | 'password changed'
  | 'email changed'
  | 'handle changed'
  | 'app password created'
  | 'app password revoked'
  | 'factor added'
  | 'factor removed'
  | 'deactivated'
  | 'reactivated'
  | 'plc operation'
  | 'oauth grant'
  | 'account claimed'
  | 'archive bucket changed'

export interface ClientInfo {
  ip?: string | undefined
  userAgent?: string | undefined
  /** What counts as one caller of the address: callers whose password is checked take turns. */
  network?: string | undefined
}

export interface SecurityEvent {
  kind: SecurityEventKind
  at: string
  ip: string | null
  userAgent: string | null
  detail: string | null
}

const MAX_EVENTS = 200
const MAX_TEXT_LENGTH = 300

/**
 * Statements that add an event to the log; run them in the transaction of what happened. For sign-ins with one app
 * password from one client only the last is kept, because bots sign in often.
 */
export function addSecurityEvent(
  account: Pick<Account, 'clock'>,
  kind: SecurityEventKind,
  client: ClientInfo = {},
  detail?: string,
): Statement[] {
  const { ip = null, userAgent } = client
  const agent = truncate(userAgent)
  const description = truncate(detail)
  const insert: Statement = {
    sql: 'INSERT INTO security_event (at, kind, ip, user_agent, detail) VALUES (?, ?, ?, ?, ?)',
    params: [account.clock.now(), kind, ip, agent, description],
  }
  const event = addPrivateEvent(account, '#security', {
    kind,
    ...(description !== null && { detail: description }),
  })
  if (kind === 'app password sign in') {
    const sql = `DELETE FROM security_event
                 WHERE kind = ? AND ip IS ? AND user_agent IS ? AND detail IS ?`
    return [{ sql, params: [kind, ip, agent, description] }, insert, event]
  }
  const sql = `DELETE FROM security_event WHERE id <= (SELECT max(id) FROM security_event) - ?`
  return [insert, { sql, params: [MAX_EVENTS] }, event]
}

export async function listSecurityEvents({
  sql,
}: Pick<Account, 'sql'>): Promise<{ events: SecurityEvent[] }> {
  const rows = await sql.all<Omit<SecurityEvent, 'at'> & { at: number }>(
    `SELECT kind, at, ip, user_agent AS userAgent, detail FROM security_event
     ORDER BY id DESC LIMIT ?`,
    MAX_EVENTS,
  )
  return { events: rows.map((row) => ({ ...row, at: isoTime(row.at) })) }
}

function truncate(text: string | undefined): string | null {
  return text === undefined ? null : text.slice(0, MAX_TEXT_LENGTH)
}

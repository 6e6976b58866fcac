/**
 * The account's private events: what happens to it that only its owner, and the apps that the owner lets, may receive.
 * They are stored in the transaction of what they are about, in a table of their own, and delivered by `PrivateOutbox`.
 *
 * Ids are computed in that transaction, so that they rise in the order of commits: the microseconds of the clock, or the
 * next number if an event has that already. When delivered rows are deleted, the newest stays, so that none is repeated.
 */
import type { Account } from '#src/account/account.ts'
import type { OutboxTable } from '#src/account/outbox.ts'
import type { SecurityEventKind } from '#src/account/security-events.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

/** What the events of each kind say. `subject` of `add…` is for gateways, which close sockets by it, and never sent. */
export interface PrivateFields {
  /** An upload has none: it would take a quarter longer. */
  '#blob': {
    cid: string
    mimeType: string
    size: number
    change: 'deleted' | 'takendown' | 'restored'
  }
  /** The `$type`s that changed. */
  '#preferences': { names: string[] }
  /** `all`, without a subject: everything by which a client is signed in, OAuth included, except app passwords. */
  '#session': {
    change: 'created' | 'ended'
    kind: 'password' | 'appPassword' | 'page' | 'all'
    name?: string
  }
  '#grant': { change: 'created' | 'changed' | 'revoked'; clientId: string; scope: string }
  '#appPassword': { change: 'created' | 'revoked'; name: string; privileged: boolean }
  '#factor': { change: 'added' | 'removed'; kind: string }
  '#security': { kind: SecurityEventKind; detail?: string }
  '#email': { change: 'changed' | 'confirmed' }
  /** `scope`: what the role allows. `expiresAt`: ISO 8601, of a membership that has an end. */
  '#member': {
    change: 'added' | 'changed' | 'removed'
    did: string
    role: string
    scope?: string
    expiresAt?: string
  }
  /** For gateways only: what members with this role may do has changed. */
  '#role': { change: 'changed'; role: string; scope: string }
  '#moderation': { subject: ModerationSubject; takedown: boolean }
  /** `#account` of the firehose is sent again without a change. Not for a deletion, after which only that is left. */
  '#status': { from: string; to: string }
}

/** As com.atproto.admin.defs and com.atproto.repo.strongRef. */
export type ModerationSubject =
  | { $type: 'com.atproto.admin.defs#repoRef'; did: string }
  | { $type: 'com.atproto.repo.strongRef'; uri: string; cid: string }
  | { $type: 'com.atproto.admin.defs#repoBlobRef'; did: string; cid: string }

export type PrivateKind = keyof PrivateFields

export interface PrivateEventRow {
  id: number
  kind: string
  /** Milliseconds since 1970. */
  time: number
  subject?: string
  /** A JSON object: the fields. */
  body: string
}

/** Of a name that an owner or an app chose: the log is shared by all accounts. */
export const MAX_NAME_LENGTH = 300

type HasClock = Pick<Account, 'clock'>

const INSERT = 'INSERT INTO private_event (id, kind, time, subject, body)'

export function isPrivateEvent({ sql }: Statement): boolean {
  return sql.startsWith(INSERT)
}

/** Run it in the transaction of what happened. */
export function addPrivateEvent<K extends PrivateKind>(
  account: HasClock,
  kind: K,
  fields: PrivateFields[K],
  subject?: string,
): Statement {
  const values = [subject ?? null, JSON.stringify(fields)]
  return addPrivateEvents(account, kind, 'SELECT ? AS subject, ? AS body', values)
}

/** As `addPrivateEvent`, if the statement right before it in the transaction has changed a row. */
export function addPrivateEventIfChanged<K extends PrivateKind>(
  account: HasClock,
  kind: K,
  fields: PrivateFields[K],
  subject?: string,
): Statement {
  const values = [subject ?? null, JSON.stringify(fields)]
  const query = 'SELECT ? AS subject, ? AS body WHERE changes() > 0'
  return addPrivateEvents(account, kind, query, values)
}

/** One event for each row of a query, whose columns are `subject` and `body`, JSON. */
export function addPrivateEvents(
  { clock }: HasClock,
  kind: PrivateKind,
  query: string,
  params: readonly SqlValue[] = [],
): Statement {
  const now = clock.now()
  return {
    sql: `${INSERT}
          SELECT max(coalesce((SELECT max(id) FROM private_event), 0) + 1, ?)
                   + row_number() OVER () - 1, ?, ?, subject, body
          FROM (${query})`,
    params: [now * 1000, kind, now, ...params],
  }
}

/** For a deleted account: the newest row keeps ids from being repeated. */
export function deleteOlderPrivateEvents(): Statement {
  return {
    sql: 'DELETE FROM private_event WHERE id < (SELECT max(id) FROM private_event)',
  }
}

export const privateEventTable: OutboxTable<PrivateEventRow> = {
  async read(sql, after, limit) {
    const rows = await sql.all<PrivateEventRow & { subject: string | null }>(
      'SELECT id, kind, time, subject, body FROM private_event WHERE id > ? ORDER BY id LIMIT ?',
      after,
      limit,
    )
    return rows.map(({ subject, ...row }) => (subject === null ? row : { ...row, subject }))
  },
  bytesOf: ({ body }) => body.length,
  deleteDelivered: (through) => [
    {
      sql: `DELETE FROM private_event WHERE id <= ? AND id < (SELECT max(id) FROM private_event)`,
      params: [through],
    },
  ],
}

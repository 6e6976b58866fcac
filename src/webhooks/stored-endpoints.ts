/** Endpoints as they are stored, and the queues of deliveries that wait for them. */
import type { Sql, Statement } from '#src/ports/sql.ts'
import { DeliveryQueue, type Waiting } from '#src/webhooks/delivery-queue.ts'
import type { SealedSecret } from '#src/webhooks/secrets.ts'

export type DisabledReason = 'operator' | 'gone' | 'failing'

/** Times are ms since 1970. */
export interface Endpoint {
  readonly id: string
  url: string
  description: string
  types: readonly string[]
  collections: readonly string[]
  /** The newest first. */
  secrets: readonly SealedSecret[]
  readonly createdAt: number
  disabledAt: number | null
  disabledReason: DisabledReason | null
  /** A seq of the log: every event up to it has become a delivery, or was not wanted. */
  position: number
  /** `data.seq` of its newest message. */
  lastSeq: number
  succeededAt: number | null
  failingSince: number | null
  /** In memory only, like all below. */
  readonly queue: DeliveryQueue
  inFlight: number
  /** Failed attempts in a row. */
  failures: number
}

type Row = Omit<
  Endpoint,
  'types' | 'collections' | 'secrets' | 'queue' | 'inFlight' | 'failures'
> & {
  types: string
  collections: string
  secrets: string
}

export async function loadEndpoints(sql: Sql): Promise<Endpoint[]> {
  const rows = await sql.all<Row>(
    `SELECT id, url, description, types, collections, secrets, created_at AS createdAt,
            disabled_at AS disabledAt, disabled_reason AS disabledReason, position,
            last_seq AS lastSeq, succeeded_at AS succeededAt, failing_since AS failingSince
     FROM endpoint ORDER BY created_at, id`,
  )
  const endpoints = rows.map(({ types, collections, secrets, ...row }) => ({
    ...row,
    types: JSON.parse(types) as string[],
    collections: JSON.parse(collections) as string[],
    secrets: JSON.parse(secrets) as SealedSecret[],
    ...{ queue: new DeliveryQueue(), inFlight: 0, failures: 0 },
  }))
  for (const { id, queue } of endpoints) await loadQueue(sql, id, queue)
  return endpoints
}

async function loadQueue(sql: Sql, endpoint: string, queue: DeliveryQueue): Promise<void> {
  // As one row, because the cost of a read is per row.
  const found = await sql.first<{ rows: string }>(
    `SELECT json_group_array(json_array(id, account, length(body), at, attempts, next_at)
                             ORDER BY id) AS rows
     FROM delivery WHERE endpoint = ? AND state = 'waiting'`,
    endpoint,
  )
  type Packed = [number, string, number, number, number, number]
  for (const row of JSON.parse(found?.rows ?? '[]') as Packed[]) {
    const [id, account, bytes, at, attempts, nextAt] = row
    const delivery: Waiting = { id, account, bytes, at, attempts, nextAt }
    queue.add(delivery)
  }
}

/** Stores a new endpoint, or one that its owner has changed. */
export function saveEndpoint(endpoint: Endpoint): Statement {
  const { id, url, description, types, collections, secrets, createdAt } = endpoint
  return {
    sql: `INSERT OR REPLACE INTO endpoint
            (id, url, description, types, collections, secrets, created_at, disabled_at,
             disabled_reason, position, last_seq, succeeded_at, failing_since)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [
      ...[id, url, description, JSON.stringify(types), JSON.stringify(collections)],
      ...[JSON.stringify(secrets), createdAt, endpoint.disabledAt, endpoint.disabledReason],
      ...[endpoint.position, endpoint.lastSeq, endpoint.succeededAt, endpoint.failingSince],
    ],
  }
}

export function savePosition({
  id,
  position,
  lastSeq,
}: Pick<Endpoint, 'id' | 'position' | 'lastSeq'>): Statement {
  return {
    sql: 'UPDATE endpoint SET position = ?, last_seq = ? WHERE id = ?',
    params: [position, lastSeq, id],
  }
}

/** Stores what the endpoint's attempts say of it. */
export function saveHealth(endpoint: Endpoint): Statement {
  const { id, disabledAt, disabledReason, succeededAt, failingSince } = endpoint
  return {
    sql: `UPDATE endpoint SET disabled_at = ?, disabled_reason = ?, succeeded_at = ?, failing_since = ?
          WHERE id = ?`,
    params: [disabledAt, disabledReason, succeededAt, failingSince, id],
  }
}

export function deleteEndpoint(id: string): Statement[] {
  return [
    { sql: 'DELETE FROM endpoint WHERE id = ?', params: [id] },
    { sql: 'DELETE FROM delivery WHERE endpoint = ?', params: [id] },
  ]
}

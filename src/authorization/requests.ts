/** Authorization requests: each in the shard of its id, from PAR until its code is exchanged. */

import { type AuthorizationShard, sweepIfDue, writeAndSweep } from '#src/authorization/shard.ts'
import { invalidRequest } from '#src/errors.ts'
import type { SqlValue } from '#src/ports/sql.ts'

export interface StoredRequest {
  /** JSON: the client, and how it proved itself. */
  data: string
  /** JSON: what it asks for. */
  parameters: string
  deviceId: string | null
  did: string | null
  codeHash: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

const columns: Record<keyof StoredRequest, string> = {
  data: 'data',
  parameters: 'parameters',
  deviceId: 'device_id',
  did: 'did',
  codeHash: 'code_hash',
  expiresAt: 'expires_at',
}
const selected = Object.entries(columns).map(([field, column]) => `${column} AS ${field}`)

/** May be repeated. */
export async function createRequest(
  shard: AuthorizationShard,
  { id, ...request }: StoredRequest & { id: string },
): Promise<void> {
  const names = Object.values(columns)
  const values = Object.keys(columns).map((field) => request[field as keyof StoredRequest])
  await writeAndSweep(shard, id, {
    sql: `INSERT OR IGNORE INTO request (id, ${names.join(', ')}) VALUES (?${', ?'.repeat(names.length)})`,
    params: [id, ...values],
  })
}

/** The request, also one that has expired lately; null where there is none, or its code has been used. */
export async function readRequest(
  { sql }: AuthorizationShard,
  { id }: { id: string },
): Promise<StoredRequest | null> {
  const found = await sql.first<StoredRequest>(
    `SELECT ${selected.join(', ')} FROM request WHERE id = ? AND consumed_by IS NULL`,
    id,
  )
  return found ?? null
}

/** Changes what is given. Throws 400 for a request that has another code already: none is ever authorized twice. */
export async function updateRequest(
  shard: AuthorizationShard,
  { id, ...changes }: Partial<StoredRequest> & { id: string },
): Promise<void> {
  const entries = Object.entries(changes) as [keyof StoredRequest, SqlValue][]
  if (entries.length === 0) return
  await shard.lane.write([id], async () => {
    const known = await readRequest(shard, { id })
    const { codeHash } = changes
    if (codeHash && known?.codeHash && known.codeHash !== codeHash) {
      throw invalidRequest('This request was already authorized')
    }
    const set = entries.map(([field]) => `${columns[field]} = ?`).join(', ')
    const params = [...entries.map(([, value]) => value), id]
    return {
      answer: undefined,
      statements: [
        { sql: `UPDATE request SET ${set} WHERE id = ? AND consumed_by IS NULL`, params },
      ],
    }
  })
}

export async function removeRequest(
  shard: AuthorizationShard,
  { id }: { id: string },
): Promise<void> {
  await writeAndSweep(shard, id, { sql: 'DELETE FROM request WHERE id = ?', params: [id] })
}

/**
 * Gives the request to the first `attempt` that shows its code, and never to another; null for all others. The same
 * attempt may ask again, as one does whose answer was lost.
 */
export async function consumeRequest(
  shard: AuthorizationShard,
  { id, codeHash, attempt }: { id: string; codeHash: string; attempt: string },
): Promise<StoredRequest | null> {
  return shard.lane.write([id], async (now) => {
    const row = await shard.sql.first<StoredRequest & { consumedBy: string | null }>(
      `SELECT ${selected.join(', ')}, consumed_by AS consumedBy FROM request
       WHERE id = ? AND code_hash = ?`,
      id,
      codeHash,
    )
    if (row === undefined) return { answer: null, statements: [] }
    const { consumedBy, ...request } = row
    if (consumedBy !== null) {
      return { answer: consumedBy === attempt ? request : null, statements: [] }
    }
    const take = {
      sql: 'UPDATE request SET consumed_by = ? WHERE id = ? AND consumed_by IS NULL',
      params: [attempt, id],
    }
    return { answer: request, statements: [take, ...sweepIfDue(shard, now)] }
  })
}

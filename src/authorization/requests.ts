/** Authorization requests: each in the shard of its id, from PAR until its code is exchanged. */

import {
  type AuthorizationShard,
  MAX_REQUESTS,
  sweepIfDue,
  writeAndSweep,
} from '#src/authorization/shard.ts'
import { invalidRequest, unavailable } from '#src/errors.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

/** `data` (the client and its authentication) and `parameters` are JSON. */
export interface StoredRequest {
  data: string
  parameters: string
  deviceId: string | null
  did: string | null
  codeHash: string | null
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

/**
 * Throws 429 if too many requests are of this address. If too many wait, those of the addresses with the most give way;
 * throws 503 if no address has more.
 */
export async function createRequest(
  shard: AuthorizationShard,
  { id, address, ...request }: StoredRequest & { id: string; address?: string | undefined },
): Promise<void> {
  shard.shares.requests.add(address, shard.clock.now())
  const names = Object.values(columns)
  const values = Object.keys(columns).map((field) => request[field as keyof StoredRequest])
  await shard.lane.write([id], async (now) => {
    const room =
      (await shard.limits.requests.add(shard)) > 0 ? await makeRoom(shard, now, address) : []
    const insert = {
      sql: `INSERT OR IGNORE INTO request (id, ${names.join(', ')}) VALUES (?${', ?'.repeat(names.length)})`,
      params: [id, ...values],
    }
    return { answer: undefined, statements: [...room, insert, ...sweepIfDue(shard, now)] }
  })
  shard.held.requests.add(id, address, shard.clock.now())
  // The first call of several wins, as in the database.
  if (!shard.unopened.has(id)) shard.unopened.set(id, request)
}

async function makeRoom(
  { sql, held, unopened }: AuthorizationShard,
  now: number,
  address: string | undefined,
): Promise<Statement[]> {
  const waiting = 'SELECT count(*) AS n FROM request WHERE expires_at > ?'
  const found = await sql.first<{ n: number }>(waiting, now)
  const expired = { sql: 'DELETE FROM request WHERE expires_at <= ?', params: [now] }
  if (found !== undefined && found.n < MAX_REQUESTS) return [expired]
  const [displaced] = held.requests.displacedBy(address, 1, 'newest')
  if (displaced === undefined) throw unavailable('Too many authorization requests are waiting')
  unopened.delete(displaced)
  // One that was authorized meanwhile stays.
  const sqlOfOne = 'DELETE FROM request WHERE id = ? AND code_hash IS NULL'
  return [expired, { sql: sqlOfOne, params: [displaced] }]
}

/** Also a request that expired recently; null if its code has been used. */
export async function readRequest(
  shard: AuthorizationShard,
  { id }: { id: string },
): Promise<StoredRequest | null> {
  const unopened = shard.unopened.get(id)
  if (unopened !== undefined && unopened.expiresAt > shard.clock.now()) return { ...unopened }
  await shard.unstored.requests.settled(id)
  return findRequest(shard, id)
}

async function findRequest({ sql }: AuthorizationShard, id: string): Promise<StoredRequest | null> {
  const found = await sql.first<StoredRequest>(
    `SELECT ${selected.join(', ')} FROM request WHERE id = ? AND consumed_by IS NULL`,
    id,
  )
  return found ?? null
}

/**
 * Throws 400 if the request is gone, or already has another code: a request is authorized once. An authorization with
 * the same code changes nothing. Usually resolves before it is stored which browser has opened the request, because the
 * page need not wait. If that is lost, the sign-in has to be started again at the app.
 */
export async function updateRequest(
  shard: AuthorizationShard,
  { id, ...changes }: Partial<StoredRequest> & { id: string },
): Promise<void> {
  const entries = Object.entries(changes) as [keyof StoredRequest, SqlValue][]
  if (entries.length === 0) return
  shard.unopened.delete(id)
  const { codeHash } = changes
  if (codeHash) shard.held.requests.remove(id)
  const isOpening = entries.every(([field]) => openingFields.has(field))
  const stored = shard.lane.write([id], async () => {
    if (!isOpening && (await isRepeated(shard, id, changes))) {
      return { answer: undefined, statements: [] }
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
  return isOpening ? shard.unstored.requests.add(id, stored) : stored
}

/** Throws 400. */
async function isRepeated(
  shard: AuthorizationShard,
  id: string,
  { codeHash }: Partial<StoredRequest>,
): Promise<boolean> {
  const current = await findRequest(shard, id)
  if (current === null) throw invalidRequest('Unknown request_uri')
  if (!codeHash || !current.codeHash) return false
  if (current.codeHash === codeHash) return true
  throw invalidRequest('This request was already authorized')
}

/** What the library changes when a browser opens the page of a request. */
const openingFields: ReadonlySet<string> = new Set<keyof StoredRequest>(['deviceId', 'expiresAt'])

/** A request with a code stays: the library also removes one whose consent is repeated, and the app may have its code. */
export async function removeRequest(
  shard: AuthorizationShard,
  { id }: { id: string },
): Promise<void> {
  shard.unopened.delete(id)
  shard.held.requests.remove(id)
  await writeAndSweep(shard, id, {
    sql: 'DELETE FROM request WHERE id = ? AND code_hash IS NULL',
    params: [id],
  })
}

/**
 * Returns the request to the first `attempt` that presents its code, and null to every other. A retry with the same
 * `attempt`, after a lost response, gets the request again.
 */
export async function consumeRequest(
  shard: AuthorizationShard,
  { id, codeHash, attempt }: { id: string; codeHash: string; attempt: string },
): Promise<StoredRequest | null> {
  shard.unopened.delete(id)
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
    const consume = {
      sql: 'UPDATE request SET consumed_by = ? WHERE id = ? AND consumed_by IS NULL',
      params: [attempt, id],
    }
    return { answer: request, statements: [consume, ...sweepIfDue(shard, now)] }
  })
}

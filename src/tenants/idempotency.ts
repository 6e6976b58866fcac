/** Answers to calls with an Idempotency-Key, kept for a day (draft-ietf-httpapi-idempotency-key-header-07). */
import { XrpcError } from '#src/errors.ts'
import type { TenantContext } from '#src/tenants/tenant.ts'

const KEPT_MS = 24 * 60 * 60_000
/** A call that has not ended after this time counts as lost with its process, and may be made again. */
const RUNNING_MS = 60_000
const MAX_KEYS = 100_000

interface Row {
  call: string
  bodyHash: string
  begunAt: number
  answer: Uint8Array | null
}

/** `call` identifies this attempt, `bodyHash` what it asks for. */
export interface KeyedCall {
  key: string
  call: string
  bodyHash: string
}

export type KeyAnswer =
  | { type: 'begun' | 'running' | 'mismatch' }
  /** Sealed by the gateway. */
  | { type: 'done'; answer: Uint8Array }

/** Idempotent for the same call. Throws 429 RateLimitExceeded if the tenant has too many keys. */
export function beginKeyedCall(
  tenant: TenantContext,
  { key, call, bodyHash }: KeyedCall,
): Promise<KeyAnswer> {
  return tenant.lane.write<KeyAnswer>([`key ${key}`, 'keys'], async (now) => {
    const row = await tenant.sql.first<Row>(
      `SELECT call, body_hash AS bodyHash, begun_at AS begunAt, answer FROM idempotency
       WHERE key = ? AND begun_at > ?`,
      ...[key, now - KEPT_MS],
    )
    if (row !== undefined) {
      if (row.bodyHash !== bodyHash) return { answer: { type: 'mismatch' }, statements: [] }
      if (row.answer !== null) {
        return { answer: { type: 'done', answer: row.answer }, statements: [] }
      }
      const isRunning = row.call !== call && row.begunAt > now - RUNNING_MS
      if (isRunning) return { answer: { type: 'running' }, statements: [] }
    }
    await mustHaveRoom(tenant, now)
    return {
      answer: { type: 'begun' },
      statements: [
        { sql: 'DELETE FROM idempotency WHERE begun_at <= ?', params: [now - KEPT_MS] },
        {
          sql: `INSERT OR REPLACE INTO idempotency (key, call, body_hash, begun_at)
                VALUES (?, ?, ?, ?)`,
          params: [key, call, bodyHash, now],
        },
      ],
    }
  })
}

/** Without an `answer` the call has failed, and may be made again with the same key. */
export async function endKeyedCall(
  tenant: TenantContext,
  { key, call, answer }: { key: string; call: string; answer?: Uint8Array },
): Promise<void> {
  const which = 'WHERE key = ? AND call = ?'
  const statement =
    answer === undefined
      ? { sql: `DELETE FROM idempotency ${which} AND answer IS NULL`, params: [key, call] }
      : { sql: `UPDATE idempotency SET answer = ? ${which}`, params: [answer, key, call] }
  await tenant.lane.write([`key ${key}`], async () => ({
    answer: undefined,
    statements: [statement],
  }))
}

async function mustHaveRoom({ sql }: TenantContext, now: number): Promise<void> {
  const row = await sql.first<{ n: number }>(
    'SELECT count(*) AS n FROM idempotency WHERE begun_at > ?',
    now - KEPT_MS,
  )
  if ((row?.n ?? 0) < MAX_KEYS) return
  const message = `A tenant may use ${MAX_KEYS} idempotency keys in 24 hours`
  throw new XrpcError(429, 'RateLimitExceeded', message)
}

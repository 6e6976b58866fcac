/** One shard of the OAuth authorization server: state that belongs to no account yet. */

import type { Clock } from '#src/ports/clock.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

export interface AuthorizationShard {
  readonly sql: Sql
  readonly clock: Clock
  readonly lane: SubjectLane
  nextSweepAt: number
}

export function openAuthorizationShard({
  sql,
  clock,
}: {
  sql: Sql
  clock: Clock
}): AuthorizationShard {
  return { sql, clock, lane: new SubjectLane({ sql, clock }), nextSweepAt: 0 }
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

const SWEEP_EVERY_MS = 10 * MINUTE_MS
// For this long the server can tell an expired request from an unknown one.
const EXPIRED_REQUEST_TTL_MS = 10 * MINUTE_MS
const SIGNED_OUT_DEVICE_TTL_MS = DAY_MS
const DEVICE_TTL_MS = 400 * DAY_MS
const LEXICON_TTL_MS = 30 * DAY_MS

export async function writeAndSweep(
  shard: AuthorizationShard,
  subject: string,
  ...statements: Statement[]
): Promise<void> {
  await shard.lane.write([subject], async (now) => ({
    answer: undefined,
    statements: [...statements, ...sweepIfDue(shard, now)],
  }))
}

export function sweepIfDue(shard: AuthorizationShard, now: number): Statement[] {
  if (now < shard.nextSweepAt) return []
  shard.nextSweepAt = now + SWEEP_EVERY_MS
  const unlinked = 'NOT EXISTS (SELECT 1 FROM device_account WHERE device_id = device.id)'
  return [
    expired('request WHERE expires_at <= ?', now - EXPIRED_REQUEST_TTL_MS),
    expired('used WHERE expires_at <= ?', now),
    expired('name WHERE expires_at <= ?', now),
    expired(`device WHERE last_seen_at <= ? AND ${unlinked}`, now - SIGNED_OUT_DEVICE_TTL_MS),
    expired('device WHERE last_seen_at <= ?', now - DEVICE_TTL_MS),
    { sql: 'DELETE FROM device_account WHERE device_id NOT IN (SELECT id FROM device)' },
    expired('lexicon WHERE updated_at <= ?', now - LEXICON_TTL_MS),
  ]
}

function expired(rows: string, cutoff: SqlValue): Statement {
  return { sql: `DELETE FROM ${rows}`, params: [cutoff] }
}

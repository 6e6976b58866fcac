/** One shard of what the authorization server keeps that belongs to no account yet. */

import type { Clock } from '#src/ports/clock.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

export interface AuthorizationShard {
  readonly sql: Sql
  readonly clock: Clock
  /** One transaction at a time, so that what a job reads still holds when it writes. */
  readonly lane: SubjectLane
  /** When expired rows are next looked for, in ms since 1970. */
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

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const SWEEP_EVERY_MS = 10 * MINUTE
/** A request that has expired can be told from one that never was for this long. */
const EXPIRED_REQUEST_TTL_MS = 10 * MINUTE
/** A browser that nobody signed in on; and one that somebody did. */
const SIGNED_OUT_DEVICE_TTL_MS = DAY
const DEVICE_TTL_MS = 400 * DAY
const LEXICON_TTL_MS = 30 * DAY

/** Writes one row's worth of statements, with the removal of what has expired when it is time for that. */
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

/** Statements that remove what has expired; none where that was done lately. */
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

function expired(rows: string, moment: SqlValue): Statement {
  return { sql: `DELETE FROM ${rows}`, params: [moment] }
}

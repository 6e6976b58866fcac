/** One shard of what the authorization server keeps that belongs to no account yet. */

import type { Clock } from '#src/ports/clock.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import { WriteLane } from '#src/ports/subject-lane.ts'

export interface Authorization {
  readonly sql: Sql
  readonly clock: Clock
  /** One transaction at a time, so that what a job reads still holds when it writes. */
  readonly lane: WriteLane
  /** When expired rows are next looked for, in ms since 1970. */
  nextSweepAt: number
}

export function openAuthorization({ sql, clock }: { sql: Sql; clock: Clock }): Authorization {
  return { sql, clock, lane: new WriteLane({ sql, clock }), nextSweepAt: 0 }
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const SWEEP_EVERY_MS = 10 * MINUTE
/** A request that has expired can be told from one that never was for this long. */
const EXPIRED_REQUESTS_MS = 10 * MINUTE
/** A browser that nobody signed in on; and one that somebody did. */
const STRANGE_DEVICES_MS = DAY
const DEVICES_MS = 400 * DAY
const LOST_LEXICONS_MS = 30 * DAY

/** Writes one row's worth of statements, with the removal of what has expired when it is time for that. */
export async function write(
  shard: Authorization,
  subject: string,
  ...statements: Statement[]
): Promise<void> {
  await shard.lane.write([subject], async (now) => ({
    answer: undefined,
    statements: [...statements, ...sweepWhenDue(shard, now)],
  }))
}

/** Statements that remove what has expired; none where that was done lately. */
export function sweepWhenDue(shard: Authorization, now: number): Statement[] {
  if (now < shard.nextSweepAt) return []
  shard.nextSweepAt = now + SWEEP_EVERY_MS
  const unlinked = 'NOT EXISTS (SELECT 1 FROM device_account WHERE device_id = device.id)'
  return [
    expired('request WHERE expires_at <= ?', now - EXPIRED_REQUESTS_MS),
    expired('used WHERE expires_at <= ?', now),
    expired('name WHERE expires_at <= ?', now),
    expired(`device WHERE last_seen_at <= ? AND ${unlinked}`, now - STRANGE_DEVICES_MS),
    expired('device WHERE last_seen_at <= ?', now - DEVICES_MS),
    { sql: 'DELETE FROM device_account WHERE device_id NOT IN (SELECT id FROM device)' },
    expired('lexicon WHERE updated_at <= ?', now - LOST_LEXICONS_MS),
  ]
}

function expired(rows: string, moment: SqlValue): Statement {
  return { sql: `DELETE FROM ${rows}`, params: [moment] }
}

/** One shard of the OAuth authorization server: state that belongs to no account yet. */

import { AddressShare } from '#src/authorization/address-share.ts'
import { HeldRows } from '#src/authorization/held-rows.ts'
import type { StoredRequest } from '#src/authorization/requests.ts'
import { RowLimit } from '#src/authorization/row-limit.ts'
import { UnstoredRows } from '#src/authorization/unstored-rows.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

export interface AuthorizationShard {
  readonly sql: Sql
  readonly clock: Clock
  readonly lane: SubjectLane
  readonly limits: { requests: RowLimit; devices: RowLimit; lexicons: RowLimit }
  readonly shares: { requests: AddressShare; devices: AddressShare }
  readonly held: { requests: HeldRows; devices: HeldRows }
  readonly unstored: { requests: UnstoredRows; devices: UnstoredRows }
  /** The newest requests whose page was not opened yet, by id: an app usually opens it at once. */
  readonly unopened: BoundedMap<string, StoredRequest>
  nextSweepAt: number
}

export function openAuthorizationShard({
  sql,
  clock,
  log,
}: {
  sql: Sql
  clock: Clock
  log: Pick<Log, 'warn'>
}): AuthorizationShard {
  const limits = {
    requests: new RowLimit('request', MAX_REQUESTS),
    devices: new RowLimit(`device WHERE ${unlinked}`, MAX_UNLINKED_DEVICES, EVICTED_AT_ONCE),
    lexicons: new RowLimit('lexicon', MAX_LEXICONS),
  }
  const shares = {
    requests: new AddressShare(MAX_REQUESTS / 4, REQUEST_TTL_MS),
    devices: new AddressShare(MAX_UNLINKED_DEVICES / 4, UNLINKED_DEVICE_TTL_MS),
  }
  const held = {
    requests: new HeldRows(MAX_REQUESTS, REQUEST_TTL_MS),
    devices: new HeldRows(MAX_UNLINKED_DEVICES, UNLINKED_DEVICE_TTL_MS),
  }
  const lane = new SubjectLane({ sql, clock })
  const unstored = {
    requests: new UnstoredRows(log, 'storing who opened an authorization request failed'),
    devices: new UnstoredRows(log, 'storing a new browser failed'),
  }
  const unopened = new BoundedMap<string, StoredRequest>(
    MAX_UNOPENED_LENGTH,
    (id, { data, parameters }) => id.length + data.length + parameters.length,
  )
  return { sql, clock, lane, limits, shares, held, unstored, unopened, nextSweepAt: 0 }
}

/** Of one shard, at most 16 KB each. */
export const MAX_REQUESTS = 4_000
/** Characters, of one shard: some 700 requests in memory. */
const MAX_UNOPENED_LENGTH = 1_000_000
/** Of one shard; beyond it the ones that were least recently seen are deleted. */
export const MAX_UNLINKED_DEVICES = 4_000
const MAX_LEXICONS = 500
/** So many at once, because counting takes time. */
const EVICTED_AT_ONCE = 200

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

const SWEEP_EVERY_MS = 10 * MINUTE_MS
/** As long as the OAuth library lets a request wait. */
const REQUEST_TTL_MS = 5 * MINUTE_MS
// For this long the server can tell an expired request from an unknown one.
const EXPIRED_REQUEST_TTL_MS = 10 * MINUTE_MS
/** A browser without a signed-in account: as long as its user may look at the sign-in page. */
const UNLINKED_DEVICE_TTL_MS = 60 * MINUTE_MS
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
  return [
    expired('request WHERE expires_at <= ?', now - EXPIRED_REQUEST_TTL_MS),
    expired('used WHERE expires_at <= ?', now),
    expired('name WHERE expires_at <= ?', now),
    expired(`device WHERE last_seen_at <= ? AND ${unlinked}`, now - UNLINKED_DEVICE_TTL_MS),
    expired('device WHERE last_seen_at <= ?', now - DEVICE_TTL_MS),
    { sql: 'DELETE FROM device_account WHERE device_id NOT IN (SELECT id FROM device)' },
    expired('lexicon WHERE updated_at <= ?', now - LEXICON_TTL_MS),
  ]
}

const unlinked = 'NOT EXISTS (SELECT 1 FROM device_account WHERE device_id = device.id)'

/** Room for one more browser of the address: in place of the oldest of the addresses with the most, or of all. */
export function evictUnlinkedDevices(
  { held, limits }: Pick<AuthorizationShard, 'held' | 'limits'>,
  count: number,
  address: string | undefined,
): Statement[] {
  if (count === 0) return []
  const displaced = held.devices.displacedBy(address, count, 'oldest')
  if (displaced.length > 0) {
    limits.devices.kept(count - displaced.length)
    return displaced.map((id) => expired(`device WHERE id = ? AND ${unlinked}`, id))
  }
  return [
    {
      sql: `DELETE FROM device WHERE id IN
              (SELECT id FROM device WHERE ${unlinked} ORDER BY last_seen_at LIMIT ?)`,
      params: [count],
    },
  ]
}

/**
 * Keeps the permission sets that were most recently resolved, and after them the failed lookups, which any caller can
 * cause: of them so few that there is room for more.
 */
export const evictLexicons: Statement = {
  sql: `DELETE FROM lexicon WHERE nsid IN
          (SELECT nsid FROM
             (SELECT nsid, failed, row_number() OVER (ORDER BY failed, updated_at DESC) AS place FROM
                (SELECT nsid, updated_at, json_extract(data, '$.lastSucceededAt') IS NULL AS failed
                 FROM lexicon))
           WHERE place > CASE WHEN failed THEN ? ELSE ? END)`,
  params: [MAX_LEXICONS - EVICTED_AT_ONCE, MAX_LEXICONS],
}

function expired(rows: string, cutoff: SqlValue): Statement {
  return { sql: `DELETE FROM ${rows}`, params: [cutoff] }
}

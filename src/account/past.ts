/**
 * What the repo was, for its history: signed commits, and records that were replaced or deleted.
 *
 * 1. A write that replaces or deletes records copies them to `past_record`, in its own transaction (`keepRecords`).
 * 2. A commit is in the outbox, with its event. When that is deleted, because it was delivered, the commit moves to
 *    `past_commit`, many at a time (`keepCommits`): no write has a statement more for it.
 * 3. With these, what is older than the history may be is deleted (`trimPast`).
 *
 * The records at a rev are those of `record` that are not newer, and those of `past_record` that were there at that rev.
 * The tree follows from them. Rows are only ever added at the end of a table, so that a write changes no further page;
 * a read of the history scans the table instead, which has a bound.
 */
import type { Root } from '#src/account/head.ts'
import { releaseAllBlobs, releaseBlobs } from '#src/account/past-blobs.ts'
import type { Statement } from '#src/ports/sql.ts'
import { opsAt } from '#src/protocol/frames.ts'

/** Bytes that are counted for each row besides its content. */
const ROW_BYTES = 100

/** Encoded, there are none. */
const NO_OPS = "x'80'"

/** SQL expressions on a row of the outbox that has a commit. */
export const opsOfEvent = `CASE ops_length WHEN 0 THEN ${NO_OPS} ELSE substr(event, ${opsAt + 1}, ops_length) END`
export const blockOfEvent = 'substr(event, block_at + 1, block_length)'

// A record that is taken down is not kept: its deletion ends the takedown, and the history would then show it.
const keptValue =
  'CASE WHEN EXISTS (SELECT 1 FROM takedown WHERE takedown.path = record.path) THEN NULL ELSE value END'

/**
 * Run it before the statements that replace or delete the records at these paths, at the rev `until`, and before those
 * that end their takedowns.
 */
export function keepRecords(paths: readonly string[], until: string): Statement[] {
  const [path] = paths
  if (path === undefined) return []
  const size = `length(value) + length(path) + ${ROW_BYTES}`
  const isOne = paths.length === 1
  return [
    {
      sql: `INSERT INTO past_record (path, cid, rev, until, total, value)
            SELECT path, cid, rev, ?2,
              coalesce((SELECT total FROM past_record ORDER BY id DESC LIMIT 1), 0)
                + ${isOne ? size : `sum(${size}) OVER (ORDER BY path)`}, ${keptValue}
            FROM record WHERE path ${isOne ? '= ?1' : 'IN (SELECT value FROM json_each(?1))'}
              AND ?2 > (SELECT since FROM history)`,
      params: [isOne ? path : JSON.stringify(paths), until],
    },
  ]
}

/** Run it before the rows of the outbox up to the id `through` are deleted. */
export function keepCommits(through: number): Statement[] {
  return [
    {
      sql: `INSERT INTO past_commit (rev, cid, ops, block, client, total)
            SELECT rev, head, ${opsOfEvent}, ${blockOfEvent}, client,
              coalesce((SELECT total FROM past_commit ORDER BY rev DESC LIMIT 1), 0)
                + sum(ops_length + block_length + ${ROW_BYTES}) OVER (ORDER BY id)
            FROM outbox WHERE id <= ? AND block_at IS NOT NULL AND rev >= (SELECT since FROM history)
            ORDER BY id
            ON CONFLICT (rev) DO UPDATE SET ops = excluded.ops, client = excluded.client
              WHERE past_commit.ops = ${NO_OPS}`,
      params: [through],
    },
  ]
}

type Commit = Pick<Root, 'rev' | 'cid' | 'block'>

/** Begins the history at this commit, if it is on. The earlier history is deleted. */
export function restartHistory(commit: Commit): Statement[] {
  return [
    ...emptyPast,
    { sql: 'UPDATE history SET since = ? WHERE since IS NOT NULL', params: [commit.rev] },
    keepFirst(commit),
  ]
}

/** Of a new account, for which `of` is what its tenant has set; null if it has none. */
export function beginHistory(
  commit: Commit,
  { of, now }: { of: { days: number | null } | null; now: number },
): Statement[] {
  const sql = `INSERT OR REPLACE INTO history (id, since, is_long, tenant_days, asked_at)
               VALUES (1, ?, ?, ?, ?)`
  const params = [commit.rev, of === null ? 0 : 1, of?.days ?? null, now]
  return [{ sql, params }, keepFirst(commit)]
}

// Its event is delivered already, or it has none.
function keepFirst({ rev, cid, block }: Commit): Statement {
  return {
    sql: `INSERT OR REPLACE INTO past_commit (rev, cid, ops, block, total)
          SELECT ?, ?, ${NO_OPS}, ?, 0 FROM history WHERE since IS NOT NULL`,
    params: [rev, cid, block],
  }
}

export function endHistory(): Statement[] {
  return [...emptyPast, { sql: 'UPDATE history SET since = NULL' }]
}

const emptyPast: readonly Statement[] = [
  { sql: 'DELETE FROM past_commit' },
  { sql: 'DELETE FROM past_record' },
  ...releaseAllBlobs,
]

/**
 * Deletes the values of a record's past for good, with its blobs: the history still shows that the record existed. The
 * blobs must be reconciled afterwards.
 */
export function forgetValues(path: string): Statement[] {
  return [
    { sql: 'UPDATE past_record SET value = NULL WHERE path = ?', params: [path] },
    ...releaseBlobs('path = ?1', [path]),
  ]
}

/**
 * Deletes what ended before the rev `oldest`, and the oldest of what is more than `maxBytes`, half of which is for
 * records and half for commits. Changes no page if nothing is to be deleted.
 */
export function trimPast(oldest: string, maxBytes: number): Statement[] {
  const half = Math.floor(maxBytes / 2)
  // Deletes many rows at a time, rather than a few with each write.
  const kept = Math.floor(half * 0.9)
  const over = (table: string, order: string) =>
    `(SELECT total FROM ${table} ORDER BY ${order} DESC LIMIT 1)
       - (SELECT total FROM ${table} ORDER BY ${order} LIMIT 1) > ?2`
  return [
    {
      sql: `UPDATE history SET since = bound.since FROM (SELECT max(?1,
              CASE WHEN ${over('past_record', 'id')} THEN coalesce((
                SELECT until FROM past_record WHERE id < (
                  SELECT id FROM past_record
                  WHERE total > (SELECT total FROM past_record ORDER BY id DESC LIMIT 1) - ?3
                  ORDER BY id LIMIT 1)
                ORDER BY id DESC LIMIT 1), '') ELSE '' END,
              CASE WHEN ${over('past_commit', 'rev')} THEN coalesce((
                SELECT rev FROM past_commit
                WHERE total > (SELECT total FROM past_commit ORDER BY rev DESC LIMIT 1) - ?3
                ORDER BY rev LIMIT 1), '') ELSE '' END) AS since) AS bound
            WHERE bound.since > history.since`,
      params: [oldest, half, kept],
    },
    {
      sql: `DELETE FROM past_record WHERE id < coalesce(
              (SELECT id FROM past_record WHERE until > (SELECT since FROM history) ORDER BY id LIMIT 1),
              (SELECT max(id) + 1 FROM past_record))`,
    },
    ...releaseBlobs('until <= (SELECT since FROM history)'),
    {
      sql: `DELETE FROM past_commit WHERE rev < (
              SELECT max(rev) FROM past_commit WHERE rev <= (SELECT since FROM history))`,
    },
  ]
}

/**
 * Archives of accounts: the last one of each, what has failed, and which process may do what. The archives themselves are in
 * a storage that the gateways write to.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** Times in ms since 1970. */
export interface ArchiveState {
  did: string
  /** Null, like `name` and `archivedAt`, if there is none. */
  rev: string | null
  /** The seq of the last private event that it covers; null if there was none. */
  stateSeq: number | null
  name: string | null
  archivedAt: number | null
  bytes: number | null
  /** Of the last attempt; null if it succeeded. */
  error: string | null
  failedAt: number | null
  drilledAt: number | null
  drillError: string | null
}

export interface ArchiveRound {
  startedAt: number
  /** The cursor of the accounts that it has come to; null at the beginning. */
  after: string | null
  endedAt: number | null
  /** When samples were last restored. */
  drilledAt: number | null
}

export interface ArchiveSummary {
  /** Accounts whose last archive, or whose last drill, has failed. */
  failed: number
  drillsFailed: number
  round: ArchiveRound | null
}

const MAX_ERROR_LENGTH = 500
const columns = `did, rev, state_seq AS stateSeq, name, archived_at AS archivedAt, bytes, error, failed_at AS failedAt,
  drilled_at AS drilledAt, drill_error AS drillError`
const hasAccount = 'EXISTS (SELECT 1 FROM account WHERE account.did = archive.did)'
const isFailed = `(error IS NOT NULL OR drill_error IS NOT NULL) AND ${hasAccount}`

/** Those that there are; at most 1,000. */
export function archiveStates(
  { sql }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<ArchiveState[]> {
  return sql.all<ArchiveState>(
    `SELECT ${columns} FROM archive WHERE did IN (SELECT value FROM json_each(?))`,
    JSON.stringify(dids),
  )
}

/** In the order of their DIDs, after `cursor`. */
export async function listArchiveStates(
  { sql }: Directory,
  { cursor = '', limit, onlyFailed }: { cursor?: string; limit: number; onlyFailed?: boolean },
): Promise<{ archives: ArchiveState[]; cursor?: string }> {
  const archives = await sql.all<ArchiveState>(
    `SELECT ${columns} FROM archive
     WHERE did > ? ${onlyFailed ? `AND ${isFailed}` : ''}
     ORDER BY did LIMIT ?`,
    ...[cursor, limit],
  )
  const last = archives.at(-1)
  return { archives, ...(archives.length === limit && last && { cursor: last.did }) }
}

/** Accounts that have an archive, chosen at random. */
export async function sampleArchives(
  { sql }: Directory,
  { limit }: { limit: number },
): Promise<string[]> {
  const rows = await sql.all<{ did: string }>(
    'SELECT did FROM archive WHERE name IS NOT NULL ORDER BY random() LIMIT ?',
    limit,
  )
  return rows.map(({ did }) => did)
}

export async function summarizeArchives(directory: Directory): Promise<ArchiveSummary> {
  const counts = await directory.sql.first<Omit<ArchiveSummary, 'round'>>(
    `SELECT count(*) FILTER (WHERE error IS NOT NULL) AS failed,
       count(*) FILTER (WHERE drill_error IS NOT NULL) AS drillsFailed
     FROM archive WHERE ${isFailed}`,
  )
  return { ...counts!, round: await getArchiveRound(directory) }
}

/** Archives that this server has made of accounts that are deleted, in the order of their DIDs. */
export async function listOrphanedArchives(
  { sql }: Directory,
  { after, limit }: { after: string; limit: number },
): Promise<{ did: string; archivedAt: number | null }[]> {
  return sql.all(
    `SELECT did, archived_at AS archivedAt FROM archive
     WHERE did > ? AND NOT ${hasAccount} ORDER BY did LIMIT ?`,
    ...[after, limit],
  )
}

export async function getArchiveRound({ sql }: Directory): Promise<ArchiveRound | null> {
  const row = await sql.first<ArchiveRound>(
    `SELECT started_at AS startedAt, after, ended_at AS endedAt, drilled_at AS drilledAt
     FROM archive_round`,
  )
  return row ?? null
}

/** Whether `holder` has the lease now, for `ms` from now. */
export function takeArchiveLease(
  { sql, lane }: Directory,
  { name, holder, ms }: { name: string; holder: string; ms: number },
): Promise<boolean> {
  return lane.write<boolean>([`archive ${name}`], async (now) => {
    const other = await sql.first(
      'SELECT 1 FROM archive_lease WHERE name = ? AND holder <> ? AND held_until > ?',
      ...[name, holder, now],
    )
    if (other !== undefined) return { answer: false, statements: [] }
    const statements = [
      // Of processes that were killed.
      { sql: 'DELETE FROM archive_lease WHERE held_until <= ?', params: [now] },
      {
        sql: 'INSERT OR REPLACE INTO archive_lease (name, holder, held_until) VALUES (?, ?, ?)',
        params: [name, holder, now + ms],
      },
    ]
    return { answer: true, statements }
  })
}

export async function releaseArchiveLease(
  { lane }: Directory,
  { name, holder }: { name: string; holder: string },
): Promise<void> {
  const sql = 'DELETE FROM archive_lease WHERE name = ? AND holder = ?'
  await lane.write([`archive ${name}`], async () => ({
    answer: undefined,
    statements: [{ sql, params: [name, holder] }],
  }))
}

/** Only for the holder of the lease `round`; returns false for any other. */
export function putArchiveRound(
  { sql, lane }: Directory,
  { holder, round }: { holder: string; round: ArchiveRound },
): Promise<boolean> {
  const { startedAt, after, endedAt, drilledAt } = round
  return lane.write<boolean>(['archive round'], async () => {
    const own = await sql.first(
      `SELECT 1 FROM archive_lease WHERE name = 'round' AND holder = ?`,
      holder,
    )
    if (own === undefined) return { answer: false, statements: [] }
    const put = {
      sql: `INSERT OR REPLACE INTO archive_round (id, started_at, after, ended_at, drilled_at)
            VALUES (1, ?, ?, ?, ?)`,
      params: [startedAt, after, endedAt, drilledAt],
    }
    return { answer: true, statements: [put] }
  })
}

/** An archive that was made, or the error of an attempt. */
export async function recordArchive(
  { lane }: Directory,
  { did, ...outcome }: { did: string } & ArchiveOutcome,
): Promise<void> {
  await lane.write([did], async (now) => {
    const statement: Statement =
      'error' in outcome
        ? {
            sql: `INSERT INTO archive (did, error, failed_at) VALUES (?, ?, ?)
                  ON CONFLICT (did) DO UPDATE SET error = excluded.error,
                    failed_at = coalesce(failed_at, excluded.failed_at)`,
            params: [did, outcome.error.slice(0, MAX_ERROR_LENGTH), now],
          }
        : {
            sql: `INSERT INTO archive (did, rev, state_seq, name, archived_at, bytes)
                  VALUES (?, ?, ?, ?, ?, ?)
                  ON CONFLICT (did) DO UPDATE SET rev = excluded.rev,
                    state_seq = excluded.state_seq, name = excluded.name,
                    archived_at = excluded.archived_at, bytes = excluded.bytes,
                    error = NULL, failed_at = NULL`,
            params: [did, ...paramsOf(outcome, now)],
          }
    return { answer: undefined, statements: [statement] }
  })
}

export interface MadeArchive {
  rev: string
  /** As in `ArchiveState`. */
  stateSeq?: number | null
  name: string
  bytes: number
}
export type ArchiveOutcome = MadeArchive | { error: string }

function paramsOf({ rev, stateSeq = null, name, bytes }: MadeArchive, now: number) {
  return [rev, stateSeq, name, now, bytes]
}

/** `error` is null if the archive could be restored. */
export async function recordDrill(
  { lane }: Directory,
  { did, error }: { did: string; error: string | null },
): Promise<void> {
  await lane.write([did], async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: `INSERT INTO archive (did, drilled_at, drill_error) VALUES (?, ?, ?)
              ON CONFLICT (did) DO UPDATE SET drilled_at = excluded.drilled_at,
                drill_error = excluded.drill_error`,
        params: [did, now, error?.slice(0, MAX_ERROR_LENGTH) ?? null],
      },
    ],
  }))
}

/** When the archives of a deleted account are deleted. */
export async function forgetArchives({ lane }: Directory, { did }: { did: string }): Promise<void> {
  const statements = [{ sql: 'DELETE FROM archive WHERE did = ?', params: [did] }]
  await lane.write([did], async () => ({ answer: undefined, statements }))
}

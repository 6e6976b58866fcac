/** Buckets of the owners of accounts, to which these are archived, and how the last attempt went. */
import type { ArchiveOutcome, MadeArchive } from '#src/directory/archives.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { BucketLocation } from '#src/ports/guarded-bucket.ts'
import type { Statement } from '#src/ports/sql.ts'
import { ownArchiveLease } from '#src/rules/own-archives.ts'

/** Times in ms since 1970. All from `rev` on are null if there is no archive, or no attempt has failed. */
export interface OwnBucket {
  did: string
  location: BucketLocation
  /** The member of a group who has set it; null if the account itself has. */
  setBy: string | null
  /** The secret key, sealed by the keychain. */
  secret: Uint8Array
  setAt: number
  rev: string | null
  stateSeq: number | null
  name: string | null
  archivedAt: number | null
  bytes: number | null
  error: string | null
  failedAt: number | null
  /** In a row. */
  failures: number
  /** When it is looked at again; null if it is paused because it has failed too often. */
  nextAt: number | null
  /** Whether an archive is being made now. */
  isRunning: boolean
}

export type DueBucket = Pick<OwnBucket, 'did' | 'rev' | 'stateSeq'>

type StoredLocation = BucketLocation & { setBy?: string }

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
/** In a row, which take 55 hours: then it is paused until its owner does something. */
const MAX_FAILURES = 7
const MAX_ERROR_LENGTH = 500

export async function findOwnBucket(
  { sql, clock }: Directory,
  { did }: { did: string },
): Promise<OwnBucket | null> {
  const row = await sql.first<
    Omit<OwnBucket, 'location' | 'setBy' | 'isRunning'> & { location: string; isRunning: number }
  >(
    `SELECT did, location, secret, set_at AS setAt, rev, state_seq AS stateSeq, name,
       archived_at AS archivedAt, bytes, error, failed_at AS failedAt, failures, next_at AS nextAt,
       EXISTS (SELECT 1 FROM archive_lease WHERE archive_lease.name = ? AND held_until > ?) AS isRunning
     FROM own_bucket WHERE did = ?`,
    ...[ownArchiveLease(did), clock.now(), did],
  )
  if (row === undefined) return null
  const { isRunning, ...rest } = row
  const { setBy = null, ...location } = JSON.parse(row.location) as StoredLocation
  return { ...rest, location, setBy, isRunning: isRunning === 1 }
}

/** Those to look at now, at most `limit`. Accounts that are taken down or suspended wait. */
export function listDueBuckets(
  { sql, clock }: Directory,
  { limit }: { limit: number },
): Promise<DueBucket[]> {
  return sql.all<DueBucket>(
    `SELECT did, rev, state_seq AS stateSeq FROM own_bucket JOIN account USING (did)
     WHERE next_at <= ? AND status IN ('active', 'deactivated') ORDER BY next_at LIMIT ?`,
    ...[clock.now(), limit],
  )
}

/** Replaces an earlier one; an archive is due at once. */
export async function putOwnBucket(
  { lane }: Directory,
  {
    did,
    location,
    setBy = null,
    secret,
  }: { did: string; location: BucketLocation; setBy?: string | null; secret: Uint8Array },
): Promise<void> {
  const stored: StoredLocation = { ...location, ...(setBy !== null && { setBy }) }
  await lane.write([did], async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: `INSERT OR REPLACE INTO own_bucket (did, location, secret, set_at, next_at)
              SELECT ?1, ?2, ?3, ?4, ?4 WHERE EXISTS (SELECT 1 FROM account WHERE did = ?1)`,
        params: [did, JSON.stringify(stored), secret, now],
      },
    ],
  }))
}

export async function removeOwnBucket(
  { lane }: Directory,
  { did }: { did: string },
): Promise<void> {
  const statements = [{ sql: 'DELETE FROM own_bucket WHERE did = ?', params: [did] }]
  await lane.write([did], async () => ({ answer: undefined, statements }))
}

/** For an attempt with the bucket that was set at `setAt`. After failures it is tried less and less often. */
export async function recordOwnArchive(
  { sql, lane }: Directory,
  { did, setAt, ...outcome }: { did: string; setAt: number } & ArchiveOutcome,
): Promise<void> {
  await lane.write([did], async (now) => {
    const statement: Statement =
      'error' in outcome ? await failed(outcome.error, now) : succeeded(outcome, now)
    return { answer: undefined, statements: [statement] }
  })

  async function failed(error: string, now: number): Promise<Statement> {
    const row = await sql.first<{ failures: number }>(
      'SELECT failures FROM own_bucket WHERE did = ?',
      did,
    )
    const failures = (row?.failures ?? 0) + 1
    const waitMs = Math.min(DAY_MS, HOUR_MS * 2 ** (failures - 1))
    return {
      sql: `UPDATE own_bucket SET error = ?, failed_at = coalesce(failed_at, ?), failures = ?, next_at = ?
            WHERE did = ? AND set_at = ?`,
      params: [
        ...[error.slice(0, MAX_ERROR_LENGTH), now, failures],
        ...[failures < MAX_FAILURES ? now + waitMs : null, did, setAt],
      ],
    }
  }

  function succeeded(made: MadeArchive, now: number): Statement {
    return {
      sql: `UPDATE own_bucket SET rev = ?, state_seq = ?, name = ?, archived_at = ?, bytes = ?,
              error = NULL, failed_at = NULL, failures = 0, next_at = ? WHERE did = ? AND set_at = ?`,
      params: [
        ...[made.rev, made.stateSeq ?? null, made.name, now, made.bytes],
        ...[now + DAY_MS, did, setAt],
      ],
    }
  }
}

/** For accounts that have not changed since their last archive: they are looked at again a day later. */
export async function postponeOwnBuckets(
  { lane }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<void> {
  await lane.write(dids, async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: 'UPDATE own_bucket SET next_at = ? WHERE did IN (SELECT value FROM json_each(?))',
        params: [now + DAY_MS, JSON.stringify(dids)],
      },
    ],
  }))
}

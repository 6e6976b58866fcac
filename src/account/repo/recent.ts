/** The account's latest writes, for merging into responses of an AppView that has not indexed them yet. */
import type { Account } from '#src/account/account.ts'
import { fromHex } from '#src/ports/sql.ts'
import { isValidRecord } from '#src/protocol/prepare-record.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { tidMicros } from '#src/protocol/tid.ts'

export interface RecentRecord {
  uri: string
  cid: string
  indexedAt: string
  record: Record<string, unknown>
}

export interface RecentRecords {
  handle: string
  profile: (RecentRecord & { isRecent: boolean }) | null
  posts: RecentRecord[]
}

const PROFILE = 'app.bsky.actor.profile/self'
const POSTS = 'app.bsky.feed.post'
// As in the reference PDS.
const MAX_POSTS = 10
// Larger records are left out: the answer crosses processes in one message.
const MAX_RECORD_BYTES = 12_000
// How many records are checked for one that is older than `since`.
const LOOK_BACK = 100

interface Row {
  path: string
  cid: string
  rev: string
  value: string
}

interface CachedRecent {
  oldest: string
  rows: Row[]
}

/**
 * The profile, and the posts with the highest rkeys (which are times), if they are of a later rev than `since`. Null if
 * there is nothing newer, or if everything is newer: then `since` is a rev of the repo before it migrated to this
 * server. Cached between commits.
 */
export async function recentRecords(
  account: Account,
  { since }: { since: string },
): Promise<RecentRecords | null> {
  const { status, handle } = await account.profile.get()
  if (status !== 'active' || !/^[2-7a-z]{13}$/.test(since)) return null
  const { json } = await account.answers.get('recent', async () =>
    JSON.stringify(await readRecent(account)),
  )
  const { oldest, rows } = JSON.parse(json) as CachedRecent
  const isNew = ({ rev }: Row) => rev > since
  if (oldest > since || !rows.some(isNew)) return null
  const profile = rows.find(({ path }) => path === PROFILE)
  return {
    handle: handle ?? 'handle.invalid',
    profile: profile ? { ...toRecentRecord(account.did, profile), isRecent: isNew(profile) } : null,
    posts: rows
      .filter((row) => row.path !== PROFILE && isNew(row))
      .sort((a, b) => (a.rev < b.rev ? -1 : 1))
      .map((row) => toRecentRecord(account.did, row)),
  }
}

async function readRecent({ sql }: Account): Promise<CachedRecent> {
  const [rows, first] = await Promise.all([
    sql.all<Row>(
      `SELECT path, cid, rev, hex(value) AS value FROM record
       WHERE path = ? AND length(value) <= ${MAX_RECORD_BYTES}
       UNION ALL
       SELECT * FROM (SELECT path, cid, rev, hex(value) AS value FROM record
                      WHERE path > ? AND path < ? AND length(value) <= ${MAX_RECORD_BYTES}
                      ORDER BY path DESC LIMIT ?)`,
      PROFILE,
      `${POSTS}/`,
      `${POSTS}0`,
      MAX_POSTS,
    ),
    sql.first<{ oldest: string | null }>(
      `SELECT min(rev) AS oldest FROM (SELECT rev FROM record ORDER BY path LIMIT ${LOOK_BACK})`,
    ),
  ])
  return { oldest: first?.oldest ?? '', rows: rows.filter(isValid) }
}

// Apps reject a whole response if a view that was made of an invalid record is in it.
function isValid({ path, value }: Row): boolean {
  return isValidRecord(path.slice(0, path.indexOf('/')), fromHex(value))
}

function toRecentRecord(did: string, { path, cid, rev, value }: Row): RecentRecord {
  return {
    uri: `at://${did}/${path}`,
    cid,
    indexedAt: new Date(Math.floor(tidMicros(rev) / 1000)).toISOString(),
    record: JSON.parse(recordJson(fromHex(value))) as Record<string, unknown>,
  }
}

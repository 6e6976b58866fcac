/** What an account wrote last, for answers of an AppView that has not heard of it yet. */
import type { Account } from '#src/account/account.ts'
import { fromHex } from '#src/ports/sql.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { tidMicros } from '#src/protocol/tid.ts'

/** A record as JSON. */
export interface RecentRecord {
  uri: string
  cid: string
  /** When it was written, ISO text. */
  indexedAt: string
  record: Record<string, unknown>
}

export interface RecentRecords {
  handle: string
  /** app.bsky.actor.profile as it is now, of whatever age. */
  profile: (RecentRecord & { isRecent: boolean }) | null
  /** app.bsky.feed.post after `since`, oldest first. */
  posts: RecentRecord[]
}

const PROFILE = 'app.bsky.actor.profile/self'
const POSTS = 'app.bsky.feed.post'
/** As many as the reference gives. */
const MAX_POSTS = 10
/** Bytes; all of them together pass from one process to another in one piece. */
const MAX_RECORD_BYTES = 12_000
/** Records that are looked at for one that is older. */
const LOOK_BACK = 100

interface Row {
  path: string
  cid: string
  rev: string
  value: string
}

interface Kept {
  /** Of the oldest of the records looked at; empty where there is none. */
  oldest: string
  rows: Row[]
}

/**
 * The profile, and the posts with the highest keys (they are times), as far as they are of a later rev than `since`.
 * Null where there is nothing new, or where everything is: then `since` speaks of another life of the repo, before it
 * came to this server. Costs nothing twice between two commits.
 */
export async function recentRecords(
  account: Account,
  { since }: { since: string },
): Promise<RecentRecords | null> {
  const { status, handle } = await account.profile.get()
  if (status !== 'active' || !/^[2-7a-z]{13}$/.test(since)) return null
  const { json } = await account.answers.get('recent', async () =>
    JSON.stringify(await last(account)),
  )
  const { oldest, rows } = JSON.parse(json) as Kept
  const isNew = ({ rev }: Row) => rev > since
  if (oldest > since || !rows.some(isNew)) return null
  const profile = rows.find(({ path }) => path === PROFILE)
  return {
    handle: handle ?? 'handle.invalid',
    profile: profile ? { ...shown(account.did, profile), isRecent: isNew(profile) } : null,
    posts: rows
      .filter((row) => row.path !== PROFILE && isNew(row))
      .sort((a, b) => (a.rev < b.rev ? -1 : 1))
      .map((row) => shown(account.did, row)),
  }
}

async function last({ sql }: Account): Promise<Kept> {
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
  return { oldest: first?.oldest ?? '', rows }
}

function shown(did: string, { path, cid, rev, value }: Row): RecentRecord {
  return {
    uri: `at://${did}/${path}`,
    cid,
    indexedAt: new Date(Math.floor(tidMicros(rev) / 1000)).toISOString(),
    record: JSON.parse(recordJson(fromHex(value))) as Record<string, unknown>,
  }
}

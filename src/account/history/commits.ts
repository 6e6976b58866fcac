/** The commits of the history: of `past_commit`, and of events that are still in the outbox. */
import type { Account } from '#src/account/account.ts'
import { mustMayReadHistory, revAt } from '#src/account/history/moments.ts'
import { blockOfEvent, opsOfEvent } from '#src/account/past.ts'
import { fromHex, type Sql } from '#src/ports/sql.ts'
import { type CommitOp, readOps } from '#src/protocol/events.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface PastCommit {
  rev: string
  cid: string
  ops: CommitOp[]
  /** Who made it, as the audit log says; undefined if it was the account itself. */
  actor?: string
  role?: string
  client?: string
  /** The call that made it. */
  action?: string
}

interface Row extends Record<'actor' | 'role' | 'client' | 'action', string | null> {
  rev: string
  cid: string
  ops: string
}

/** Both bounds are left out of the range. */
export interface RevRange {
  after: string
  before: string
}

const commits = `
  SELECT rev, cid, ops, block FROM past_commit WHERE rev > ?1 AND rev < ?2
  UNION ALL
  SELECT rev, head, ${opsOfEvent}, ${blockOfEvent} FROM outbox
  WHERE block_at IS NOT NULL AND rev > ?1 AND rev < ?2 AND rev >= (SELECT since FROM history)`

const whoMade = ['actor', 'role', 'client', 'action']
  .map((name) => `(SELECT ${name} FROM audit WHERE audit.rev = c.rev LIMIT 1) AS ${name}`)
  .join(', ')

/** At most `limit` of them, in the order of their revs. */
export async function readCommits(
  sql: Sql,
  { after, before }: RevRange,
  limit: number,
  order: 'ASC' | 'DESC',
): Promise<PastCommit[]> {
  const rows = await sql.all<Row>(
    `SELECT rev, cid, hex(ops) AS ops, ${whoMade} FROM (${commits}) AS c
     ORDER BY rev ${order}, length(ops) DESC LIMIT ?3`,
    ...[after, before, limit],
  )
  // A commit may be in two events: the second one of them has no operations.
  const first = rows.filter(({ rev }, i) => rev !== rows[i - 1]?.rev)
  return first.map(({ rev, cid, ops, ...who }) => ({
    ...{ rev, cid, ops: readOps(fromHex(ops)) },
    ...Object.fromEntries(Object.entries(who).filter(([, value]) => value !== null)),
  }))
}

/** The newest commit up to this rev: its signed block. */
export async function commitAt(
  sql: Sql,
  rev: string,
): Promise<{ rev: string; cid: string; block: Uint8Array } | undefined> {
  const row = await sql.first<{ rev: string; cid: string; block: string }>(
    `SELECT rev, cid, hex(block) AS block FROM (${commits}) ORDER BY rev DESC LIMIT 1`,
    // The smallest text after the rev.
    ...['', `${rev}\0`],
  )
  return row && { ...row, block: fromHex(row.block) }
}

export interface CommitView extends PastCommit {
  /** ISO 8601. */
  at: string
}

export interface CommitQuery {
  by: Principal
  /** A rev or a time. */
  since?: string | undefined
  until?: string | undefined
  /** Only those that this member (a DID) or this app (its client id) made. */
  actor?: string | undefined
  /** Only those that wrote to this collection. */
  collection?: string | undefined
  limit: number
  /** The rev of the last commit of the page before. */
  cursor?: string | undefined
}

const PAGE = 200
// Pages that a call reads; the next call continues.
const MAX_PAGES = 10

/** Newest first. Throws as `mustMayReadHistory`. */
export async function listCommits(
  account: Account,
  { by, since: from, until, actor, collection, limit, cursor }: CommitQuery,
): Promise<{ commits: CommitView[]; cursor?: string }> {
  const { since } = await mustMayReadHistory(account, by)
  const after = from === undefined ? before(since) : revAt(from)
  const { rev } = await account.lane.head()
  const last = until === undefined ? rev : revAt(until, rev)
  let end = cursor === undefined ? `${last}\0` : cursor
  const found: CommitView[] = []
  for (let page = 0; page < MAX_PAGES; page++) {
    const read = await readCommits(account.sql, { after, before: end }, PAGE, 'DESC')
    for (const commit of read) {
      end = commit.rev
      if (actor !== undefined && !isBy(commit, actor)) continue
      if (collection !== undefined && !writesTo(commit, collection)) continue
      found.push({ ...commit, at: isoTime(Math.floor(tidMicros(commit.rev) / 1000)) })
      if (found.length === limit) return { commits: found, cursor: end }
    }
    if (read.length === 0) return { commits: found }
  }
  return { commits: found, cursor: end }
}

// The rev itself is to be in the range.
function before(rev: string): string {
  return rev.slice(0, -1)
}

/** `actor` is a DID, or the client id of an app. */
export function isBy({ actor, client }: PastCommit, by: string): boolean {
  return actor === by || client === by
}

function writesTo({ ops }: PastCommit, collection: string): boolean {
  return ops.some(({ path }) => path.startsWith(`${collection}/`))
}

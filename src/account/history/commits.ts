/** The commits of the history: of `past_commit`, and of events that are still in the outbox. */
import type { Account } from '#src/account/account.ts'
import { mustMayReadHistory, revAt } from '#src/account/history/moments.ts'
import { blockOfEvent, opsOfEvent } from '#src/account/past.ts'
import { fromHex, type Sql } from '#src/ports/sql.ts'
import { type CommitOp, MAX_OP_BYTES, readOps } from '#src/protocol/events.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { storedClient } from '#src/rules/commit-clients.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface PastCommit {
  rev: string
  cid: string
  ops: CommitOp[]
  /** How many there are, if it was asked for some of them only. */
  opCount?: number
  /** Who made it, as the audit log says; undefined if it was the account itself. */
  actor?: string
  role?: string
  /** What made it, also if it was the account itself: the client id of an app, or as rules/commit-clients.ts says. */
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

const inRange = 'rev > ?1 AND rev < ?2'
const inOutbox = `block_at IS NOT NULL AND ${inRange} AND rev >= (SELECT since FROM history)`

const inAudit = (name: string) => `(SELECT ${name} FROM audit WHERE audit.rev = c.rev LIMIT 1)`

const whoMade = `${inAudit('actor')} AS actor, ${inAudit('role')} AS role,
  coalesce(${inAudit('client')}, client) AS client, ${inAudit('action')} AS action`

const isMadeBy = `(c.client = ?7
  OR EXISTS (SELECT 1 FROM audit WHERE audit.rev = c.rev AND (audit.actor = ?4 OR audit.client = ?7)))`

/** Of an encoded array. */
const MAX_HEAD_BYTES = 9
/** Bytes, far more than an event may have. */
const UNBOUNDED = 2 ** 31 - 1

export interface CommitFilter {
  /** A DID, or the client id of an app: only those that this member or app made. */
  actor?: string | undefined
  /** Only those that may have written to this collection: its name is somewhere in their operations. */
  collection?: string | undefined
}

export interface Reading extends CommitFilter {
  limit: number
  order: 'ASC' | 'DESC'
  /** Of each commit; all if absent. */
  maxOps?: number | undefined
}

/** At most `limit` of them, in the order of their revs. */
export async function readCommits(
  sql: Sql,
  { after, before }: RevRange,
  { limit, order, actor, collection, maxOps }: Reading,
): Promise<PastCommit[]> {
  const maxBytes = maxOps === undefined ? UNBOUNDED : MAX_HEAD_BYTES + maxOps * MAX_OP_BYTES
  const isWanted = (ops: string) => `(?4 IS NULL OR ${isMadeBy})
    AND (?5 IS NULL OR instr(${ops}, CAST(?5 AS BLOB)) > 0)`
  const rows = await sql.all<Row>(
    // Each of the two is read in its own order, and no further than the limit.
    `SELECT rev, cid, hex(ops) AS ops, ${whoMade} FROM (
       SELECT rev, cid, substr(ops, 1, ?6) AS ops, length(ops) AS size, client FROM past_commit AS c
       WHERE ${inRange} AND ${isWanted('c.ops')}
       UNION ALL
       SELECT rev, head, substr(${opsOfEvent}, 1, ?6), ops_length, client FROM outbox AS c
       WHERE ${inOutbox} AND ${isWanted(opsOfEvent)}
       ORDER BY rev ${order}, size DESC LIMIT ?3
     ) AS c ORDER BY rev ${order}, size DESC`,
    ...[
      after,
      before,
      limit,
      actor ?? null,
      collection === undefined ? null : `${collection}/`,
      maxBytes,
      actor === undefined ? null : storedClient(actor),
    ],
  )
  // A commit may be in two events: the second one of them has no operations.
  const first = rows.filter(({ rev }, i) => rev !== rows[i - 1]?.rev)
  return first.map(({ rev, cid, ops: encoded, ...who }) => {
    const { ops, count } = readOps(fromHex(encoded), maxOps)
    return {
      ...{ rev, cid, ops, ...(maxOps !== undefined && { opCount: count }) },
      ...Object.fromEntries(Object.entries(who).filter(([, value]) => value !== null)),
    }
  })
}

/** The newest commit up to this rev: its signed block. */
export async function commitAt(
  sql: Sql,
  rev: string,
): Promise<{ rev: string; cid: string; block: Uint8Array } | undefined> {
  const row = await sql.first<{ rev: string; cid: string; block: string }>(
    `SELECT rev, cid, hex(block) AS block FROM (
       SELECT rev, cid, block FROM past_commit WHERE ${inRange}
       UNION ALL
       SELECT rev, head, ${blockOfEvent} FROM outbox WHERE ${inOutbox}
       ORDER BY rev DESC LIMIT 1
     )`,
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
  /** Of the operations of each commit only the first ones, and their number, for lists. */
  maxOps?: number | undefined
}

// A call reads as many commits as it returns; more only if a collection has the end of another's name.
const MAX_PAGES = 10

/** Newest first. Throws as `mustMayReadHistory`. */
export async function listCommits(
  account: Account,
  { by, since: from, until, actor, collection, limit, cursor, maxOps }: CommitQuery,
): Promise<{ commits: CommitView[]; cursor?: string }> {
  const { since } = await mustMayReadHistory(account, by)
  const after = from === undefined ? before(since) : revAt(from)
  const { rev } = await account.lane.head()
  const last = until === undefined ? rev : revAt(until, rev)
  // What it wrote to is known by all of its operations.
  const ofAll = collection === undefined ? { maxOps } : {}
  const reading = { limit, order: 'DESC', actor, collection, ...ofAll } as const
  let end = cursor === undefined ? `${last}\0` : cursor
  const found: CommitView[] = []
  for (let page = 0; page < MAX_PAGES; page++) {
    const read = await readCommits(account.sql, { after, before: end }, reading)
    for (const commit of read) {
      end = commit.rev
      if (collection !== undefined && !writesTo(commit, collection)) continue
      found.push({ ...cut(commit, maxOps), at: isoTime(Math.floor(tidMicros(end) / 1000)) })
      if (found.length === limit) return { commits: found, cursor: end }
    }
    if (read.length === 0) return { commits: found }
  }
  return { commits: found, cursor: end }
}

function cut({ ops, ...commit }: PastCommit, maxOps: number | undefined): PastCommit {
  if (maxOps === undefined) return { ...commit, ops }
  return { opCount: ops.length, ...commit, ops: ops.slice(0, maxOps) }
}

// The rev itself is to be in the range.
function before(rev: string): string {
  return rev.slice(0, -1)
}

/** `actor` is a DID, or the client id of an app. */
export function isBy({ actor, client }: PastCommit, by: string): boolean {
  return actor === by || client === storedClient(by)
}

function writesTo({ ops }: PastCommit, collection: string): boolean {
  return ops.some(({ path }) => path.startsWith(`${collection}/`))
}

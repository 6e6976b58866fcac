/**
 * Events of accounts that are not on the firehose, such as sessions and grants. They are numbered together with those of
 * the log, and stored in a table of their own, so that a reader of the log cannot get one by mistake.
 */
import type { PrivateKind } from '#src/account/private-events.ts'
import type { SecurityEventKind } from '#src/account/security-events.ts'
import { insertRows, type Sql, type Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { RepoPosition } from '#src/sequencer/repo-positions.ts'

/** One of an account's private events, as it is delivered. */
export interface PrivateEntry {
  /** Increases within the account; never reused. */
  id: number
  kind: string
  /** When it was written, in ms since 1970. */
  time: number
  /** Which session, grant or app password it is about. */
  subject?: string | undefined
  /** A JSON object. */
  body: string
}

export interface PrivateEvent {
  seq: number
  did: string
  kind: string
  /** ISO 8601. */
  time: string
  subject?: string
  body: string
}

interface Row {
  seq: number
  did: string
  kind: string
  at: number
  subject: string | null
  body: string
}

export function privateEvent(
  seq: number,
  did: string,
  { kind, time, subject, body }: Omit<PrivateEntry, 'id'>,
): PrivateEvent {
  const event = { seq, did, kind, time: isoTime(time) }
  return subject === undefined ? { ...event, body } : { ...event, subject, body }
}

// SQLite limits the number of parameters of a statement.
const ROWS_PER_STATEMENT = 1_000

export function privateLogStatements(
  events: readonly PrivateEvent[],
  repos: ReadonlyMap<string, RepoPosition>,
): Statement[] {
  const statements: Statement[] = []
  for (let i = 0; i < events.length; i += ROWS_PER_STATEMENT) {
    const rows = events
      .slice(i, i + ROWS_PER_STATEMENT)
      .map(({ seq, did, kind, time, subject, body }) => {
        return [seq, did, kind, Date.parse(time), subject ?? null, body]
      })
    statements.push(insertRows('INSERT INTO private_log (seq, did, kind, at, subject, body)', rows))
  }
  if (repos.size === 0) return statements
  return [...statements, saveRepos(events, repos)]
}

function saveRepos(
  events: readonly PrivateEvent[],
  repos: ReadonlyMap<string, RepoPosition>,
): Statement {
  const stateSeqs = new Map(events.filter(changesState).map(({ did, seq }) => [did, seq]))
  const positions = [...repos].map(([did, repo]) => {
    return [did, repo.outboxId, repo.lastSeq, stateSeqs.get(did) ?? null]
  })
  const into = 'INSERT INTO private_repo (did, outbox_id, last_seq, state_seq)'
  const insert = insertRows(into, positions)
  const orUpdate = `ON CONFLICT (did) DO UPDATE SET outbox_id = excluded.outbox_id,
    last_seq = excluded.last_seq, state_seq = coalesce(excluded.state_seq, state_seq)`
  return { ...insert, sql: `${insert.sql} ${orUpdate}` }
}

const stateKinds: ReadonlySet<string> = new Set<PrivateKind>([
  ...(['#preferences', '#grant', '#appPassword', '#factor', '#email'] as const),
  ...(['#member', '#role', '#moderation', '#status'] as const),
])
const stateSecurityKinds: ReadonlySet<unknown> = new Set<SecurityEventKind>([
  ...(['password changed', 'handle changed', 'account claimed'] as const),
])

/** Whether it tells of a change of what an archive of the account has besides the repo. */
export function changesState({ kind, body }: Pick<PrivateEvent, 'kind' | 'body'>): boolean {
  if (kind !== '#security') return stateKinds.has(kind)
  return stateSecurityKinds.has(JSON.parse(body).kind)
}

/** The seq of the last such event of each account that has had one. */
export async function stateSeqsOf(
  { sql }: { sql: Sql },
  { dids }: { dids: readonly string[] },
): Promise<Record<string, number>> {
  const found = await sql.first<{ seqs: string }>(
    `SELECT json_group_object(did, state_seq) AS seqs FROM private_repo
     WHERE state_seq IS NOT NULL AND did IN (SELECT value FROM json_each(?))`,
    JSON.stringify(dids),
  )
  return JSON.parse(found?.seqs ?? '{}')
}

export function erasePrivateEvents(did: string): Statement {
  return { sql: 'DELETE FROM private_log WHERE did = ?', params: [did] }
}

export interface PrivatePage {
  events: PrivateEvent[]
  /** Whether there are no more in the range. */
  isComplete: boolean
}

/**
 * Those with a seq in (after, through], in order; of the accounts `dids`, if given. At most `limit`, with bodies of
 * `maxBytes`, but at least one.
 */
export async function readPrivateEvents(
  sql: Sql,
  range: {
    after: number
    through: number
    limit: number
    maxBytes: number
    dids?: readonly string[]
  },
): Promise<PrivatePage> {
  const { after, through, limit, maxBytes, dids } = range
  const ofAccounts = dids === undefined ? '' : 'AND did IN (SELECT value FROM json_each(?5))'
  // One row for all: the cost of a read is per row.
  const found = await sql.first<{ events: string; count: number }>(
    `WITH next AS (SELECT * FROM private_log WHERE seq > ?1 AND seq <= ?2 ${ofAccounts} ORDER BY seq LIMIT ?3),
          page AS (SELECT *, sum(length(body)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes FROM next)
     SELECT json_group_array(json_object('seq', seq, 'did', did, 'kind', kind, 'at', at,
                                         'subject', subject, 'body', body)) AS events,
            (SELECT count(*) FROM next) AS count
     FROM page WHERE bytes <= ?4 OR bytes = length(body)`,
    ...[after, through, limit, maxBytes, ...(dids === undefined ? [] : [JSON.stringify(dids)])],
  )
  const { events, count } = found!
  const rows = JSON.parse(events) as Row[]
  return {
    events: rows.map(({ seq, did, kind, at, subject, body }) =>
      privateEvent(seq, did, { kind, time: at, body, ...(subject !== null && { subject }) }),
    ),
    isComplete: count < limit && rows.length === count,
  }
}

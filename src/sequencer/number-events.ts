/** Assigns seqs: which events are new, their seq, and the statements of the transaction. */
import { insertRows, type Statement } from '#src/ports/sql.ts'
import { countOps } from '#src/protocol/events.ts'
import { eventBody, frame } from '#src/protocol/frames.ts'
import {
  erasePrivateEvents,
  type PrivateEntry,
  type PrivateEvent,
  privateEvent,
  privateLogStatements,
} from '#src/sequencer/private-log.ts'
import type { RepoPosition } from '#src/sequencer/repo-positions.ts'

export interface OutboxEntry {
  /** Increases within the account; never reused. */
  id: number
  kind: string
  event: Uint8Array
  seqAt: number
  head?: string | undefined
  rev?: string | undefined
}

export interface Delivery {
  did: string
  entries: readonly OutboxEntry[]
  privateEntries: readonly PrivateEntry[]
}

export interface LogRow {
  /** The last of the seqs that the event takes. */
  seq: number
  /** How many seqs it takes: one for each operation of a commit. */
  seqCount: number
  did: string
  kind: string
  prior: number | null
  frame: Uint8Array
}

interface RepoRow extends RepoPosition {
  head: string | null
  rev: string | null
}

export interface NumberedEvents {
  rows: LogRow[]
  repos: Map<string, RepoRow>
  privateEvents: PrivateEvent[]
  privateRepos: Map<string, RepoPosition>
  /** Accounts deleted by this transaction, with the last seq each had in the log before. */
  erased: Map<string, number | null>
  head: number
}

// Whether it is `#account` with status deleted. Accounts of other releases may encode the event's fields otherwise.
function isDeletion({ kind, event, seqAt }: OutboxEntry): boolean {
  return kind === '#account' && eventBody(event, seqAt)['status'] === 'deleted'
}

/** Up to where an account's events have been numbered. */
export interface KnownPositions {
  ofEvents(did: string): RepoPosition
  ofPrivateEvents(did: string): RepoPosition
}

export function numberEvents(
  deliveries: readonly Delivery[],
  known: KnownPositions,
  after: number,
): NumberedEvents {
  const repos = new Map<string, RepoRow>()
  const privateRepos = new Map<string, RepoPosition>()
  const erased = new Map<string, number | null>()
  let rows: LogRow[] = []
  let privateEvents: PrivateEvent[] = []
  let seq = after
  for (const { did, entries, privateEntries } of deliveries) {
    let repo = repos.get(did) ?? { ...known.ofEvents(did), head: null, rev: null }
    for (const entry of entries) {
      if (entry.id <= repo.outboxId) continue
      const seqCount = entry.kind === '#commit' ? Math.max(1, countOps(entry)) : 1
      seq += seqCount
      let prior = repo.lastSeq
      if (isDeletion(entry)) {
        rows = rows.filter((row) => row.did !== did)
        privateEvents = privateEvents.filter((event) => event.did !== did)
        erased.set(did, known.ofEvents(did).lastSeq)
        repo = { ...repo, head: null, rev: null }
        prior = null
      }
      const complete = frame(entry.kind, entry.event, entry.seqAt, seq)
      rows.push({ seq, seqCount, did, kind: entry.kind, prior, frame: complete })
      const { head = repo.head, rev = repo.rev } = entry
      repo = { outboxId: entry.id, lastSeq: seq, head, rev }
      repos.set(did, repo)
    }
    if (privateEntries.length === 0) continue
    let privateRepo = privateRepos.get(did) ?? known.ofPrivateEvents(did)
    for (const { id, ...entry } of privateEntries) {
      if (id <= privateRepo.outboxId) continue
      seq += 1
      privateEvents.push(privateEvent(seq, did, entry))
      privateRepo = { outboxId: id, lastSeq: seq }
      privateRepos.set(did, privateRepo)
    }
  }
  return { rows, repos, privateEvents, privateRepos, erased, head: seq }
}

// SQLite limits the number of parameters of a statement.
const ROWS_PER_STATEMENT = 1_000

/** Deletions come first, so that they do not delete the new rows. */
export function logStatements(numbered: NumberedEvents): Statement[] {
  const { rows, repos, privateEvents, privateRepos, erased, head } = numbered
  const statements = [...erased].flatMap(([did, lastSeq]) => eraseHistory(did, lastSeq))
  if (erased.size > 0) statements.push({ sql: 'UPDATE edge SET erased = ?', params: [head] })
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    const values = rows
      .slice(i, i + ROWS_PER_STATEMENT)
      .map(({ seq, seqCount, did, kind, prior, frame }) => [seq, seqCount, did, kind, prior, frame])
    statements.push(insertRows('INSERT INTO log (seq, numbers, did, kind, prior, frame)', values))
  }
  const positions = [...repos].map(([did, repo]) => [
    did,
    repo.outboxId,
    repo.lastSeq,
    repo.head,
    repo.rev,
  ])
  // Few enough for one statement: a transaction has at most 256 deliveries with events.
  if (positions.length > 0) statements.push(saveRepos(positions))
  return [...statements, ...privateLogStatements(privateEvents, privateRepos)]
}

function saveRepos(values: (string | number | null)[][]): Statement {
  const { sql, params = [] } = insertRows(
    'INSERT INTO repo (did, outbox_id, last_seq, head, rev)',
    values,
  )
  return {
    sql: `${sql} ON CONFLICT (did) DO UPDATE SET
            outbox_id = excluded.outbox_id, last_seq = excluded.last_seq,
            head = coalesce(excluded.head, head), rev = coalesce(excluded.rev, rev)`,
    params,
  }
}

// Follows `prior` back from the account's last event; an index on the DID would cost every event a write.
function eraseHistory(did: string, lastSeq: number | null): Statement[] {
  const own = `WITH RECURSIVE own (seq) AS (
                 VALUES (?)
                 UNION ALL
                 SELECT log.prior FROM own JOIN log ON log.seq = own.seq WHERE log.prior IS NOT NULL
               )`
  return [
    {
      sql: `${own} UPDATE edge SET events = events -
              (SELECT count(*) FROM log WHERE seq IN own AND seq <= counted)`,
      params: [lastSeq],
    },
    { sql: `${own} DELETE FROM log WHERE seq IN own`, params: [lastSeq] },
    erasePrivateEvents(did),
    { sql: 'UPDATE repo SET head = NULL, rev = NULL WHERE did = ?', params: [did] },
  ]
}

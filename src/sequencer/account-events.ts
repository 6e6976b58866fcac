/** The events of some accounts, without reading those of the others: what a subscriber to few accounts replays. */
import { invalidRequest } from '#src/errors.ts'
import type { Sql } from '#src/ports/sql.ts'
import { MAX_LOOKED_UP_ACCOUNTS } from '#src/rules/account-lookups.ts'
import { type PrivatePage, readPrivateEvents } from '#src/sequencer/private-log.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'
import { PAGE_BYTES, readStoredPage, type StoredPage } from '#src/sequencer/stored-page.ts'

/** Following an account's events back costs a read for each of them. */
const MAX_FOLLOWED = 2_000
const MAX_SCANNED = 20_000

interface AccountsRange {
  dids: readonly string[]
  /** Seq: only later events. */
  after: number
  /** Seq: none later than this one. */
  through: number
}

/**
 * Events of the accounts `dids` (at most 100) with a seq in (after, through], at most `limit` and 512 KiB of those
 * of the log, and as many private ones, but at least one. The page is complete up to its own `through`: repeat it from there.
 * Throws 503 if too many such reads are waiting.
 */
export async function readAccounts(
  { sql, tail, accountReads }: Sequencer,
  input: AccountsRange & { limit: number; includePrivate?: boolean },
): Promise<StoredPage & { trimmed: number }> {
  const { dids, after, limit, includePrivate = false } = input
  if (dids.length > MAX_LOOKED_UP_ACCOUNTS) {
    throw invalidRequest(`at most ${MAX_LOOKED_UP_ACCOUNTS} accounts`)
  }
  await tail.ready()
  // Later events may be in the table without being durable.
  const range = { dids, after, through: Math.min(input.through, tail.head) }
  return accountReads.run(async () => {
    const { seqs, through } = (await followBack(sql, range)) ?? (await scan(sql, range))
    const page = await readStoredPage(sql, {
      ...{ after, through, limit, includePrivate },
      ...{ maxBytes: PAGE_BYTES, accounts: { dids, seqs } },
    })
    return { ...page, trimmed: tail.trimmed }
  })
}

/**
 * The private events of one account after `after`, in order; at most `limit` and 512 KiB, but at least one. Throws as
 * `readAccounts`.
 */
export async function readPrivate(
  { sql, tail, accountReads }: Sequencer,
  { did, after, limit }: { did: string; after: number; limit: number },
): Promise<PrivatePage> {
  await tail.ready()
  const range = { after, through: tail.head, limit, maxBytes: PAGE_BYTES, dids: [did] }
  return accountReads.run(() => readPrivateEvents(sql, range))
}

interface Found {
  seqs: number[]
  /** The seqs are complete up to here. */
  through: number
}

/** From each account's last event to the one before it, and so on; undefined if there are too many. */
async function followBack(
  sql: Sql,
  { dids, after, through }: AccountsRange,
): Promise<Found | undefined> {
  const found = await sql.first<{ seqs: string }>(
    `WITH RECURSIVE own (seq) AS (
       SELECT last_seq FROM repo WHERE did IN (SELECT value FROM json_each(?1)) AND last_seq > ?2
       UNION ALL
       SELECT log.prior FROM own JOIN log USING (seq) WHERE log.prior > ?2
       LIMIT ?3
     )
     SELECT json_group_array(seq) AS seqs FROM own`,
    ...[JSON.stringify(dids), after, MAX_FOLLOWED + 1],
  )
  const seqs = JSON.parse(found?.seqs ?? '[]') as number[]
  if (seqs.length > MAX_FOLLOWED) return undefined
  return { seqs: seqs.filter((seq) => seq <= through), through }
}

/** Through a bounded number of the log's next events. */
async function scan(sql: Sql, { dids, after, through }: AccountsRange): Promise<Found> {
  const found = await sql.first<{ seqs: string; count: number; last: number | null }>(
    `WITH next AS (SELECT seq, did FROM log WHERE seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4)
     SELECT json_group_array(seq) FILTER (WHERE did IN (SELECT value FROM json_each(?1))) AS seqs,
            count(*) AS count, max(seq) AS last
     FROM next`,
    ...[JSON.stringify(dids), after, through, MAX_SCANNED],
  )
  const { seqs, count, last } = found!
  const isAll = count < MAX_SCANNED || last === null
  return { seqs: JSON.parse(seqs) as number[], through: isAll ? through : last }
}

/** The latest commit of each repo, stored by the transaction that logs it: listRepos needs no extra write. */
import { insertRows } from '#src/ports/sql.ts'
import type { Sequencer } from '#src/sequencer/sequencer.ts'

export interface RepoHead {
  head: string
  rev: string
}

export async function headsOf(
  { sql }: Sequencer,
  { dids }: { dids: readonly string[] },
): Promise<Record<string, RepoHead>> {
  const found = await sql.first<{ heads: string }>(
    `SELECT json_group_object(did, json_object('head', head, 'rev', rev)) AS heads
     FROM repo WHERE head IS NOT NULL AND did IN (SELECT value FROM json_each(?))`,
    JSON.stringify(dids),
  )
  return JSON.parse(found?.heads ?? '{}')
}

/** The heads of accounts that were taken over and have no event in the log. At most 1,000. Idempotent. */
export async function adoptHeads(
  { sql }: Sequencer,
  { heads }: { heads: readonly (RepoHead & { did: string })[] },
): Promise<void> {
  if (heads.length === 0) return
  const rows = heads.map(({ did, head, rev }) => [did, 0, 0, head, rev])
  const insert = insertRows('INSERT INTO repo (did, outbox_id, last_seq, head, rev)', rows)
  // An account with events has a newer head.
  const orUpdate = `ON CONFLICT (did) DO UPDATE SET head = excluded.head, rev = excluded.rev
    WHERE repo.outbox_id = 0`
  await sql.batch([{ ...insert, sql: `${insert.sql} ${orUpdate}` }])
}

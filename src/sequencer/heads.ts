/** The latest commit of each repo, stored by the transaction that logs it: listRepos needs no extra write. */
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

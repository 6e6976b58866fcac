/** The repo as it was at a rev: its commit, with the tree that follows from the records that it had. */
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { commitAt } from '#src/account/history/commits.ts'
import { mustReach, notAvailable } from '#src/account/history/moments.ts'
import type { Sql } from '#src/ports/sql.ts'
import { readCommit } from '#src/protocol/repo-blocks.ts'
import { buildTree, cidOf } from '#src/protocol/tree.ts'

export interface PastHead {
  head: Head
  /** Ids in `past_record`, by path, of the records that are not in `record` as they were. */
  past: ReadonlyMap<string, number>
}

const PAGE = 20_000

/**
 * At the newest commit up to this rev; `since` is where the history begins. Throws 400 RevNotAvailable if it is older,
 * or if a record that it had was deleted for good.
 */
export async function headAt({ sql }: Account, rev: string, since: string): Promise<PastHead> {
  mustReach(rev, since)
  const commit = await commitAt(sql, rev)
  if (commit === undefined) throw notAvailable(`The commit at ${rev} is not in the history`)
  const past = await pastRecordsAt(sql, commit.rev)
  const { paths, cids } = await recordsAt(sql, commit.rev)
  const tree = buildTree(paths, cids)
  const { data } = readCommit(commit.block)
  if (cidOf(tree) !== data) throw notAvailable(`The history lacks records of ${commit.rev}`)
  return { head: { ...commit, data, tree, outboxId: 0 }, past }
}

async function pastRecordsAt(sql: Sql, rev: string): Promise<Map<string, number>> {
  const rows = await sql.all<{ path: string; id: number; isGone: number }>(
    `SELECT path, id, value IS NULL AS isGone FROM past_record WHERE rev <= ?1 AND until > ?1`,
    rev,
  )
  const gone = rows.find(({ isGone }) => isGone)
  if (gone !== undefined) throw notAvailable(`${gone.path} was deleted for good`)
  return new Map(rows.map(({ path, id }) => [path, id]))
}

async function recordsAt(sql: Sql, rev: string): Promise<{ paths: string[]; cids: string[] }> {
  const paths: string[] = []
  const cids: string[] = []
  for (let after = ''; ; ) {
    const page = await sql.first<{ paths: string | null; cids: string | null }>(
      `SELECT group_concat(path, char(10)) AS paths, group_concat(cid, char(10)) AS cids
       FROM (SELECT path, cid FROM (
               SELECT path, cid FROM record WHERE path > ?1 AND rev <= ?2
               UNION ALL
               SELECT path, cid FROM past_record WHERE path > ?1 AND rev <= ?2 AND until > ?2
             ) ORDER BY path LIMIT ${PAGE})`,
      ...[after, rev],
    )
    if (!page?.paths || !page.cids) return { paths, cids }
    for (const path of page.paths.split('\n')) paths.push(path)
    for (const cid of page.cids.split('\n')) cids.push(cid)
    after = paths.at(-1)!
  }
}

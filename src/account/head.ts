/** The head of a repo, its commit and its tree, loaded from the database and verified against each other. */
import type { Sql, Statement } from '#src/ports/sql.ts'
import { buildTree, cidOf, type TreeNode } from '#src/protocol/tree.ts'

export interface Root {
  cid: string
  rev: string
  data: string
  block: Uint8Array
  outboxId: number
}

export interface Head extends Root {
  tree: TreeNode
}

export function loadRoot(sql: Sql): Promise<Root | undefined> {
  return sql.first<Root>('SELECT cid, rev, data, block, outbox_id AS outboxId FROM repo_root')
}

export async function loadHead(sql: Sql): Promise<Head | undefined> {
  const root = await loadRoot(sql)
  if (root === undefined) return undefined
  const tree = await storedTree(sql)
  if (cidOf(tree) !== root.data) throw new Error('the stored records do not match the signed tree')
  return { ...root, tree }
}

// Rows in a page of paths and CIDs, which SQLite joins into two strings: a row each costs far more.
const PAGE_SIZE = 20_000

/** The tree of the stored records, which may differ from that of the commit. */
export async function storedTree(sql: Sql): Promise<TreeNode> {
  const paths: string[] = []
  const cids: string[] = []
  for (let after = ''; ; ) {
    const page = await sql.first<{ paths: string | null; cids: string | null }>(
      `SELECT group_concat(path, char(10)) AS paths, group_concat(cid, char(10)) AS cids
       FROM (SELECT path, cid FROM record WHERE path > ? ORDER BY path LIMIT ${PAGE_SIZE})`,
      after,
    )
    if (!page?.paths || !page.cids) break
    for (const path of page.paths.split('\n')) paths.push(path)
    for (const cid of page.cids.split('\n')) cids.push(cid)
    after = paths.at(-1)!
  }
  return buildTree(paths, cids)
}

export function saveRoot(root: Root): Statement {
  return {
    sql: `INSERT INTO repo_root (id, cid, rev, data, block, outbox_id) VALUES (1, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET cid = excluded.cid, rev = excluded.rev, data = excluded.data,
            block = excluded.block, outbox_id = excluded.outbox_id`,
    params: [root.cid, root.rev, root.data, root.block, root.outboxId],
  }
}

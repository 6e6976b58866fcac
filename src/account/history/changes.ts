/** What changed in the repo between two revs, by the operations of the commits. */
import type { Account } from '#src/account/account.ts'
import { isBy, type PastCommit, readCommits } from '#src/account/history/commits.ts'
import { invalidRequest } from '#src/errors.ts'

/** The CIDs that the record at a path had before and after; null for none. */
export interface Change {
  path: string
  from: string | null
  to: string | null
}

export interface ChangeFilter {
  /** Of these collections only. */
  collections?: readonly string[] | undefined
  /**
   * A DID or the id of an app: only what the last of these commits at a path changed, with those of the same one right
   * before it. What another one has written later stays.
   */
  actor?: string | undefined
  /** With `actor`: only what it changed by this call, as the audit log names it. */
  action?: string | undefined
}

interface Run extends Change {
  /** What the record was before the last changes by the actor; undefined if another one made the last change. */
  undo: string | null | undefined
}

const PAGE = 1_000
export const MAX_COMMITS = 50_000

/** After the commit `from` up to the commit `to`, in the order of paths. Throws 400 RangeTooLarge. */
export async function changesBetween(
  { sql }: Account,
  from: string,
  to: string,
  { collections, actor, action }: ChangeFilter = {},
): Promise<Change[]> {
  const runs = new Map<string, Run>()
  const isWanted = (path: string) => {
    return collections === undefined || collections.includes(path.slice(0, path.indexOf('/')))
  }
  const isUndone = (commit: PastCommit) => {
    if (actor === undefined || !isBy(commit, actor)) return false
    return action === undefined || commit.action === action
  }
  let after = from
  for (let commits = 0; ; ) {
    const page = await readCommits(sql, { after, before: `${to}\0` }, { limit: PAGE, order: 'ASC' })
    for (const commit of page) {
      for (const { path, cid, prev = null } of commit.ops) {
        if (!isWanted(path)) continue
        const run = runs.get(path) ?? { path, from: prev, to: null, undo: undefined }
        run.to = cid
        if (!isUndone(commit)) run.undo = undefined
        else run.undo = run.undo === undefined ? prev : run.undo
        runs.set(path, run)
      }
    }
    const last = page.at(-1)
    if (last === undefined) break
    after = last.rev
    commits += page.length
    if (commits > MAX_COMMITS) {
      const message = `More than ${MAX_COMMITS} commits lie between these revs`
      throw invalidRequest(message, 'RangeTooLarge')
    }
  }
  const changes = [...runs.values()].flatMap(({ path, from, to, undo }): Change[] => {
    if (actor === undefined) return from === to ? [] : [{ path, from, to }]
    return undo === undefined || undo === to ? [] : [{ path, from: undo, to }]
  })
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1))
}

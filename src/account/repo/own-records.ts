/** What owners see of their records beside the records themselves: how many a collection has, and a search by path. */
import type { Account } from '#src/account/account.ts'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import type { TreeNode } from '#src/protocol/tree.ts'
import { mustShow } from '#src/rules/states.ts'

export interface CollectionCount {
  collection: string
  count: number
}

/** JSON: `CollectionCount[]`, in the order of the tree. Throws 400 RepoNotFound. */
export async function countRecords(account: Account): Promise<EncodedJson> {
  const { status } = await account.profile.get()
  mustShow(status, account.did)
  return account.answers.get('countRecords', async () => {
    const { tree } = await account.lane.head()
    const counts = new Map<string, number>()
    let prefix = ''
    let count = 0
    const flush = () => {
      if (count > 0) counts.set(prefix.slice(0, -1), count)
    }
    eachPath(tree, '', (path) => {
      if (prefix !== '' && path.startsWith(prefix)) count++
      else {
        flush()
        prefix = path.slice(0, path.indexOf('/') + 1)
        count = 1
      }
      return true
    })
    flush()
    return JSON.stringify([...counts].map(([collection, n]) => ({ collection, count: n })))
  })
}

export interface FoundRecords {
  paths: string[]
  /** The last of the paths, if there may be more. */
  cursor?: string
}

/** The paths (`collection/rkey`) that contain this text, in the order of the tree. Throws 400 RepoNotFound. */
export async function findRecords(
  account: Account,
  { text, limit, cursor = '' }: { text: string; limit: number; cursor?: string },
): Promise<FoundRecords> {
  const { status } = await account.profile.get()
  mustShow(status, account.did)
  const { tree } = await account.lane.head()
  const paths: string[] = []
  eachPath(tree, cursor, (path) => {
    if (path.includes(text)) paths.push(path)
    return paths.length <= limit
  })
  if (paths.length <= limit) return { paths }
  const page = paths.slice(0, limit)
  return { paths: page, cursor: page.at(-1)! }
}

/** Visits the paths after `after`, in order, until `visit` returns false. Not a generator: those are slow on large trees. */
function eachPath(
  { keys, subtrees }: TreeNode,
  after: string,
  visit: (path: string) => boolean,
): boolean {
  for (let i = 0; i < subtrees.length; i++) {
    const key = keys[i]
    // All of the subtree is before the key.
    const isSkipped = key !== undefined && key <= after
    if (isSkipped) continue
    const below = subtrees[i]
    if (below && !eachPath(below, after, visit)) return false
    if (key !== undefined && !visit(key)) return false
  }
  return true
}

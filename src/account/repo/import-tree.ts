/** The tree of an imported repo: read from its root, and rebuilt to verify that it is canonical. */
import type { ImportedTree } from '#src/account/open-import.ts'
import { badRepo, readNode } from '#src/protocol/repo-blocks.ts'
import { buildTree, cidOf } from '#src/protocol/tree.ts'

// Layers come from hashes of the keys: no real tree is this deep.
const MAX_DEPTH = 64
const MAX_PATH_LENGTH = 1024
const validPath = /^[a-zA-Z0-9.-]{1,317}\/[a-zA-Z0-9_~:.-]{1,512}$/

/**
 * Reads the tree below `root` from its nodes. Throws 400 if a node is missing or malformed, if paths are not in order,
 * or if the tree is not the canonical one for its records.
 */
export function readTree(
  root: string,
  nodes: { get(cid: string): Uint8Array | undefined },
): ImportedTree {
  const paths: string[] = []
  const cids: string[] = []
  let last = ''

  function read(cid: string, depth: number): void {
    const bytes = nodes.get(cid)
    if (bytes === undefined) throw badRepo(`tree node ${cid} is missing`)
    if (depth === MAX_DEPTH) throw badRepo('its tree is too deep')
    const { left, entries } = readNode(bytes)
    if (left !== null) read(left, depth + 1)
    for (const { key, value, right } of entries) {
      // Because of the strict order no node can repeat, which bounds the walk for any input.
      if (key <= last) throw badRepo('the paths of its tree are not in order')
      checkPath(key)
      last = key
      paths.push(key)
      cids.push(value)
      if (right !== null) read(right, depth + 1)
    }
  }

  read(root, 0)
  const tree = buildTree(paths, cids)
  if (cidOf(tree) !== root) throw badRepo('its tree is not in canonical form')
  return { tree, paths, cids }
}

function checkPath(path: string): void {
  const rkey = path.slice(path.indexOf('/') + 1)
  if (path.length > MAX_PATH_LENGTH || !validPath.test(path) || rkey === '.' || rkey === '..') {
    throw badRepo(`invalid path ${JSON.stringify(path.slice(0, MAX_PATH_LENGTH))}`)
  }
}

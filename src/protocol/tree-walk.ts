/** Reads of a tree: its nodes and leaves in order, and the nodes that prove a key or its absence. */
import type { TreeNode } from '#src/protocol/tree.ts'

/** Preorder: each node before its children, and each leaf between the subtrees that it separates. */
export function* walk(
  tree: TreeNode,
): Generator<{ node: TreeNode } | { node?: undefined; key: string; cid: string }> {
  yield { node: tree }
  for (let i = 0; i < tree.subtrees.length; i++) {
    const below = tree.subtrees[i]!
    if (below !== null) yield* walk(below)
    if (i < tree.keys.length) yield { key: tree.keys[i]!, cid: tree.values[i]! }
  }
}

export function collectPath(tree: TreeNode, key: string, into: Set<TreeNode>): void {
  for (let at: TreeNode | null = tree; at !== null; ) {
    into.add(at)
    const i = at.keys.findIndex((other) => other >= key)
    if (i >= 0 && at.keys[i] === key) return
    at = at.subtrees[i < 0 ? at.keys.length : i]!
  }
}

/**
 * Adds the covering proof of `key`: its path, and the paths to its neighbours on both sides. With only these nodes a
 * consumer can undo a create, update or delete at that key (sync 1.1, "inversion").
 */
export function collectCoveringProof(tree: TreeNode, key: string, into: Set<TreeNode>): void {
  collectPath(tree, key, into)
  for (let at: TreeNode | null = tree; at !== null; ) {
    const i = at.keys.findIndex((other) => other >= key)
    if (i >= 0 && at.keys[i] === key) {
      for (let left = at.subtrees[i]!; left !== null; left = left.subtrees.at(-1)!) into.add(left)
      for (let right = at.subtrees[i + 1]!; right !== null; right = right.subtrees[0]!)
        into.add(right)
      return
    }
    at = at.subtrees[i < 0 ? at.keys.length : i]!
  }
}

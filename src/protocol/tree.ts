/**
 * The Merkle search tree of a repo, in memory: nodes are immutable, so a write copies only its own path (repository
 * specification, "MST Structure").
 */
import { createHash } from 'node:crypto'
import { CborWriter } from '#src/protocol/cbor.ts'
import { cidForCbor } from '#src/protocol/cid.ts'

/**
 * `subtrees` has one more element than `keys`: `subtrees[i]` holds the keys before `keys[i]`, the last one those after
 * every key. A node without keys only links a layer to its single subtree.
 */
export interface TreeNode {
  readonly layer: number
  readonly keys: readonly string[]
  readonly values: readonly string[]
  readonly subtrees: readonly (TreeNode | null)[]
  cid: string | null
}

export const emptyTree: TreeNode = node(0, [], [], [null])

function node(
  layer: number,
  keys: readonly string[],
  values: readonly string[],
  subtrees: readonly (TreeNode | null)[],
): TreeNode {
  return { layer, keys, values, subtrees, cid: null }
}

export function layerOf(key: string): number {
  const digest = createHash('sha256').update(key).digest()
  let zeros = 0
  for (const byte of digest) {
    zeros += Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return zeros >> 1
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

export function lookUp(tree: TreeNode, key: string): string | null {
  for (let at: TreeNode | null = tree; at !== null; ) {
    const i = lowerBound(at.keys, key)
    if (at.keys[i] === key) return at.values[i]!
    at = at.subtrees[i]!
  }
  return null
}

export function put(tree: TreeNode, key: string, value: string): TreeNode {
  const layer = layerOf(key)
  return layer > tree.layer ? putAbove(tree, key, value, layer) : putInto(tree, key, value, layer)
}

function putAbove(tree: TreeNode, key: string, value: string, layer: number): TreeNode {
  const [left, right] = split(tree, key)
  return node(layer, [key], [value], [raise(left, layer - 1), raise(right, layer - 1)])
}

function putInto(tree: TreeNode, key: string, value: string, layer: number): TreeNode {
  const { keys, values, subtrees } = tree
  const i = lowerBound(keys, key)
  if (layer < tree.layer) {
    const below = subtrees[i]!
    const updated =
      below === null
        ? raise(node(layer, [key], [value], [null, null]), tree.layer - 1)
        : putInto(below, key, value, layer)
    return node(tree.layer, keys, values, subtrees.with(i, updated))
  }
  if (keys[i] === key) return node(tree.layer, keys, values.with(i, value), subtrees)
  return node(
    tree.layer,
    keys.toSpliced(i, 0, key),
    values.toSpliced(i, 0, value),
    subtrees.toSpliced(i, 1, ...split(subtrees[i]!, key)),
  )
}

// Adds nodes without keys above a subtree, up to `layer`.
function raise(tree: TreeNode | null, layer: number): TreeNode | null {
  let top = tree
  while (top !== null && top.layer < layer) top = node(top.layer + 1, [], [], [top])
  return top
}

// The parts before and after `key`, which is not in the tree.
function split(tree: TreeNode | null, key: string): [TreeNode | null, TreeNode | null] {
  if (tree === null) return [null, null]
  const { layer, keys, values, subtrees } = tree
  const i = lowerBound(keys, key)
  const [left, right] = split(subtrees[i]!, key)
  return [
    unlessEmpty(node(layer, keys.slice(0, i), values.slice(0, i), [...subtrees.slice(0, i), left])),
    unlessEmpty(node(layer, keys.slice(i), values.slice(i), [right, ...subtrees.slice(i + 1)])),
  ]
}

function unlessEmpty(tree: TreeNode): TreeNode | null {
  return tree.keys.length === 0 && tree.subtrees[0] === null ? null : tree
}

/** Throws if the key is not in the tree. */
export function remove(tree: TreeNode, key: string): TreeNode {
  let top = removeFrom(tree, key)
  while (top !== null && top.keys.length === 0) top = top.subtrees[0]!
  return top ?? emptyTree
}

function removeFrom(tree: TreeNode, key: string): TreeNode | null {
  const { layer, keys, values, subtrees } = tree
  const i = lowerBound(keys, key)
  if (keys[i] !== key) {
    const below = subtrees[i]
    if (!below) throw new Error(`no such key in the tree: ${key}`)
    return unlessEmpty(node(layer, keys, values, subtrees.with(i, removeFrom(below, key))))
  }
  return unlessEmpty(
    node(
      layer,
      keys.toSpliced(i, 1),
      values.toSpliced(i, 1),
      subtrees.toSpliced(i, 2, merge(subtrees[i]!, subtrees[i + 1]!)),
    ),
  )
}

function merge(left: TreeNode | null, right: TreeNode | null): TreeNode | null {
  if (left === null || right === null) return left ?? right
  const seam = merge(left.subtrees.at(-1)!, right.subtrees[0]!)
  return node(
    left.layer,
    [...left.keys, ...right.keys],
    [...left.values, ...right.values],
    [...left.subtrees.slice(0, -1), seam, ...right.subtrees.slice(1)],
  )
}

/** `keys` are sorted and distinct. */
export function buildTree(keys: readonly string[], values: readonly string[]): TreeNode {
  const layers = keys.map(layerOf)
  const top = layers.reduce((a, b) => Math.max(a, b), 0)
  const range = (from: number, to: number, layer: number): TreeNode | null => {
    if (from === to) return null
    const here: number[] = []
    for (let i = from; i < to; i++) if (layers[i] === layer) here.push(i)
    const subtrees = [...here, to].map((end, n) =>
      range(n === 0 ? from : here[n - 1]! + 1, end, layer - 1),
    )
    return node(
      layer,
      here.map((i) => keys[i]!),
      here.map((i) => values[i]!),
      subtrees,
    )
  }
  return range(0, keys.length, top) ?? emptyTree
}

const writer = new CborWriter()

export function encodeNode(tree: TreeNode): Uint8Array {
  const { keys, values, subtrees } = tree
  const links = subtrees.map((subtree) => (subtree === null ? null : cidOf(subtree)))
  writer.map(2).text('e').array(keys.length)
  let previous = ''
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const shared = sharedPrefix(previous, key)
    writer.map(4).text('k').asciiBytes(key.slice(shared)).text('p').uint(shared)
    writer
      .text('t')
      .link(links[i + 1]!)
      .text('v')
      .link(values[i]!)
    previous = key
  }
  return writer.text('l').link(links[0]!).take()
}

/** Whether a block begins as every node does; few records do. */
export function mayBeNode(block: Uint8Array): boolean {
  // A map of two entries, of which the first is `e`.
  return block[0] === 0xa2 && block[1] === 0x61 && block[2] === 0x65
}

function sharedPrefix(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let i = 0
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++
  return i
}

export function cidOf(tree: TreeNode): string {
  tree.cid ??= cidForCbor(encodeNode(tree))
  return tree.cid
}

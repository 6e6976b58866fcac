import { expect, it } from 'vitest'
import { cidForCbor } from '#src/protocol/cid.ts'
import type { TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof, collectPath, walk } from '#src/protocol/tree-walk.ts'

const leaf = cidForCbor(Uint8Array.of(0xa0))

function node(keys: string[], subtrees: (TreeNode | null)[] = []): TreeNode {
  const links = [...keys, ''].map((_, i) => subtrees[i] ?? null)
  return { layer: 0, keys, values: keys.map(() => leaf), subtrees: links, cid: null }
}

/** Ten nodes, each named by its keys: `b` and `d` on top, and below each of `a`, `c`, `e` one node at both ends. */
const nodes = {
  a0: node(['a0']),
  a1: node(['az']),
  c0: node(['c0']),
  c1: node(['cz']),
  e0: node(['e0']),
  e1: node(['ez']),
}
const a = node(['a5', 'a7'], [nodes.a0, null, nodes.a1])
const c = node(['c5'], [nodes.c0, nodes.c1])
const e = node(['e5'], [nodes.e0, nodes.e1])
const top = node(['b', 'd'], [a, c, e])
const named = { ...nodes, a, c, e, top }

function namesOf(found: ReadonlySet<TreeNode>): string {
  const names = Object.entries(named).filter(([, other]) => found.has(other))
  return names
    .map(([name]) => name)
    .sort()
    .join(' ')
}

it.each([
  ['b', 'top'],
  ['d', 'top'],
  ['a5', 'a top'],
  ['c5', 'c top'],
  ['e5', 'e top'],
  ['a0', 'a a0 top'],
  ['cz', 'c c1 top'],
  ['absent', 'a a1 top'],
  ['zzz', 'e e1 top'],
])('the path to %s is the nodes from the root to it, and no other', (key, expected) => {
  const found = new Set<TreeNode>()
  collectPath(top, key, found)
  expect(namesOf(found)).toBe(expected)
})

it.each([
  ['b', 'a a1 c c0 top'],
  ['d', 'c c1 e e0 top'],
  ['a5', 'a a0 top'],
  ['a7', 'a a1 top'],
  ['c5', 'c c0 c1 top'],
  ['e5', 'e e0 e1 top'],
  ['absent', 'a a1 top'],
])('the covering proof of %s also has the paths to its neighbors', (key, expected) => {
  const found = new Set<TreeNode>()
  collectCoveringProof(top, key, found)
  expect(namesOf(found)).toBe(expected)
})

it('walk yields each node before its children, and each leaf between its subtrees', () => {
  const nameOf = (node: TreeNode) => Object.entries(named).find(([, other]) => other === node)![0]
  const steps = [...walk(top)].map((step) => (step.node ? nameOf(step.node) : `${step.key}:`))
  expect(steps.join(' ')).toBe(
    'top a a0 a0: a5: a7: a1 az: b: c c0 c0: c5: c1 cz: d: e e0 e0: e5: e1 ez:',
  )
  const leaves = [...walk(top)].filter((step) => step.node === undefined)
  expect(leaves.every(({ cid }) => cid === leaf)).toBe(true)
})

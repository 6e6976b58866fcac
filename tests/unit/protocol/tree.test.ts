import { MSTNode } from '@atcute/mst'
import { parseCid } from '@atproto/lex-data'
import { MemoryBlockstore, MST } from '@atproto/repo'
import { expect, it } from 'vitest'
import { cidForCbor } from '#src/protocol/cid.ts'
import {
  buildTree,
  cidOf,
  emptyTree,
  encodeNode,
  layerOf,
  mayBeNode,
  put,
  remove,
  type TreeNode,
} from '#src/protocol/tree.ts'
import { fixtureCases } from '#tests/support/fixtures.ts'
import { encoded, expectBytes, type Value } from '#tests/support/foreign-encoders.ts'

const leaf = cidForCbor(Uint8Array.of(0xa0))
const lengths = [0, 1, 23, 24, 255, 256]

/** A node of one layer with these keys, each with its own CID. */
function nodeOf(keys: readonly string[], subtrees: (TreeNode | null)[] = []): TreeNode {
  const values = keys.map((_, i) => cidForCbor(Uint8Array.of(i, i >> 8)))
  const links = [...keys, ''].map((_, i) => subtrees[i] ?? null)
  return { layer: 0, keys, values, subtrees: links, cid: null }
}

/** The node as the specification says it: how much each key shares with the one before is for the caller to say. */
function nodeValue(node: TreeNode, shared: readonly number[]): Value {
  const link = (subtree: TreeNode | null | undefined) => subtree && { $link: cidOf(subtree) }
  return {
    l: link(node.subtrees[0])!,
    e: node.keys.map((key, i) => ({
      p: shared[i]!,
      k: Buffer.from(key.slice(shared[i])),
      v: { $link: node.values[i]! },
      t: link(node.subtrees[i + 1])!,
    })),
  }
}

it.each(lengths)('encodeNode writes %i entries as other encoders do', (length) => {
  const keys = Array.from({ length }, (_, i) => `${String.fromCharCode(33 + (i % 90))}/k`)
  const node = nodeOf(keys)
  const shared = keys.map(() => 0)
  expectBytes(encodeNode(node), encoded(nodeValue(node, shared)))
})

it.each(lengths)('encodeNode writes a shared prefix of %i bytes as other encoders do', (length) => {
  const keys = ['a', 'b', 'bc'].map((end) => 'x'.repeat(length) + end)
  const node = nodeOf(keys)
  const shared = [0, length, length + 1]
  expectBytes(encodeNode(node), encoded(nodeValue(node, shared)))
})

it.each(lengths)('encodeNode writes the %i bytes left of a key as other encoders do', (length) => {
  const keys = ['a', `a${'x'.repeat(length)}`, `b${'x'.repeat(length)}`]
  const node = nodeOf(keys)
  expectBytes(encodeNode(node), encoded(nodeValue(node, [0, 1, 0])))
})

it.each(fixtureCases<{ left: string; right: string; len: number }>('mst/common_prefix.json'))(
  'encodeNode finds the prefix of $len bytes that "$left" and "$right" share',
  ({ left, right, len }) => {
    const node = nodeOf([left, right])
    expectBytes(encodeNode(node), encoded(nodeValue(node, [0, len])))
  },
)

it('encodeNode writes the subtrees before, between and after its keys as other encoders do', () => {
  const [a, b] = [nodeOf(['a']), nodeOf(['n'])]
  for (const subtrees of [
    [a, null, null],
    [null, a, null],
    [null, null, a],
    [a, b, nodeOf(['z'])],
  ]) {
    const node = nodeOf(['k', 'p'], subtrees)
    expectBytes(encodeNode(node), encoded(nodeValue(node, [0, 0])))
  }
  const bridge = nodeOf([], [a])
  expectBytes(encodeNode(bridge), encoded(nodeValue(bridge, [])))
})

/** Keys as long as the protocol allows, which share prefixes of every class of length. */
const longKeys = [0, 1, 18, 19, 20, 250, 251, 252, 500, 1000]
  .flatMap((length) => ['a', 'b', 'bc'].map((end) => `a.b/${'x'.repeat(length)}${end}`))
  .sort()

it('buildTree of long keys has the root of @atproto/repo, and @atcute/mst reads and writes its node', async () => {
  let theirs = await MST.create(new MemoryBlockstore())
  for (const key of longKeys) theirs = await theirs.add(key, parseCid(leaf))
  const tree = buildTree(
    longKeys,
    longKeys.map(() => leaf),
  )
  expect(cidOf(tree)).toBe(String(await theirs.getPointer()))
  const node = await MSTNode.deserialize(encodeNode(tree))
  expect(node.keys).toEqual(tree.keys)
  const copy = await MSTNode.create(node.keys, node.values, node.subtrees)
  expectBytes(await copy.serialize(), encodeNode(tree))
})

it('the empty tree is the one of @atproto/repo', async () => {
  expect(cidOf(emptyTree)).toBe(
    String(await (await MST.create(new MemoryBlockstore())).getPointer()),
  )
  expect(cidOf(buildTree([], []))).toBe(cidOf(emptyTree))
})

it('remove refuses a key that is not in the tree, at the top and below', () => {
  const keys = Array.from({ length: 20 }, (_, i) => `a.b/${i}`)
  const tree = keys.reduce((grown, key) => put(grown, key, leaf), emptyTree)
  expect(tree.layer).toBeGreaterThan(0)
  for (const key of ['a.b/missing', 'a', 'z']) {
    expect(() => remove(tree, key)).toThrow(`no such key in the tree: ${key}`)
  }
  const top = keys.find((key) => layerOf(key) === tree.layer)!
  expect(() => remove(remove(tree, top), top)).toThrow(`no such key in the tree: ${top}`)
  expect(() => remove(emptyTree, 'a.b/c')).toThrow('no such key in the tree: a.b/c')
})

it('mayBeNode is true for nodes, and false for blocks that begin otherwise', () => {
  const node = encodeNode(nodeOf(['a.b/c']))
  expect([mayBeNode(node), mayBeNode(encodeNode(emptyTree))]).toEqual([true, true])
  for (const at of [0, 1, 2]) {
    for (const other of [0, node[at]! - 1, node[at]! + 1, 0xff]) {
      expect(mayBeNode(Uint8Array.from(node).with(at, other))).toBe(false)
    }
  }
  expect(mayBeNode(new Uint8Array())).toBe(false)
})

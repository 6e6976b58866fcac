/** The tree against `@atproto/repo`: the same root, the same covering proofs, whatever is put and removed. */

import { parseCid } from '@atproto/lex-data'
import { MemoryBlockstore, MST } from '@atproto/repo'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidForCbor } from '#src/protocol/cid.ts'
import {
  buildTree,
  cidOf,
  emptyTree,
  encodeNode,
  lookUp,
  put,
  remove,
  type TreeNode,
} from '#src/protocol/tree.ts'
import { collectCoveringProof, walk } from '#src/protocol/tree-walk.ts'

const key = fc
  .tuple(
    fc.constantFrom('app.bsky.feed.post', 'app.bsky.feed.post-x', 'a.b'),
    fc.integer({ min: 0, max: 400 }),
  )
  .map(([collection, n]) => `${collection}/${n.toString(36)}`)
/** `key` is put; or a key of the tree is removed, the one at `remove` modulo their number. */
const step = fc.record({
  key,
  value: fc.integer({ min: 0, max: 5 }),
  remove: fc.option(fc.nat(), { freq: 2 }),
})

function cidOfNumber(n: number): string {
  return cidForCbor(Uint8Array.of(n))
}

test('random puts and removes give the library’s root, and the root of a tree built from scratch', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const model = new Map<string, string>()
      let tree = emptyTree
      let theirs = await MST.create(new MemoryBlockstore())
      for (const { value, ...step } of steps) {
        if (step.remove !== null && model.size === 0) continue
        const key = step.remove === null ? step.key : [...model.keys()][step.remove % model.size]!
        if (step.remove === null) {
          const cid = parseCid(cidOfNumber(value))
          tree = put(tree, key, cidOfNumber(value))
          theirs = await (model.has(key) ? theirs.update(key, cid) : theirs.add(key, cid))
          model.set(key, cidOfNumber(value))
        } else {
          tree = remove(tree, key)
          theirs = await theirs.delete(key)
          model.delete(key)
          // The library keeps the layer of the last key for its empty tree, and puts the next key below that.
          if (model.size === 0) theirs = await MST.create(new MemoryBlockstore())
        }
        await expectSameProof(tree, theirs, key)
      }
      const sorted = [...model.keys()].sort()
      expect(cidOf(tree)).toBe((await theirs.getPointer()).toString())
      expect(
        cidOf(
          buildTree(
            sorted,
            sorted.map((key) => model.get(key)!),
          ),
        ),
      ).toBe(cidOf(tree))
      expect([...walk(tree)].flatMap((at) => (at.node === undefined ? [at.key] : []))).toEqual(
        sorted,
      )
      for (const key of sorted) expect(lookUp(tree, key)).toBe(model.get(key))
    }),
    { numRuns: 60 },
  )
})

async function expectSameProof(tree: TreeNode, theirs: MST, key: string): Promise<void> {
  const nodes = new Set<TreeNode>()
  collectCoveringProof(tree, key, nodes)
  const proof = await theirs.getCoveringProof(key)
  expect([...nodes].map(cidOf).sort()).toEqual(proof.cids().map(String).sort())
  for (const node of nodes)
    expect(encodeNode(node)).toEqual(new Uint8Array(proof.get(parseCid(cidOf(node)))!))
}

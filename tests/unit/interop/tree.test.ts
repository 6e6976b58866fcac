import { describe, expect, it } from 'vitest'
import {
  buildTree,
  cidOf,
  emptyTree,
  layerOf,
  put,
  remove,
  type TreeNode,
} from '#src/protocol/tree.ts'
import { collectCoveringProof } from '#src/protocol/tree-walk.ts'
import { fixtureCases, fixtureLines } from '#tests/support/fixtures.ts'

interface KeyHeight {
  key: string
  height: number
}

interface CommitProof {
  comment: string
  leafValue: string
  keys: string[]
  adds: string[]
  dels: string[]
  rootBeforeCommit: string
  rootAfterCommit: string
  blocksInProof: string[]
}

const leaf = 'bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454'

function putAll(tree: TreeNode, keys: readonly string[], value: string): TreeNode {
  return keys.reduce((grown, key) => put(grown, key, value), tree)
}

function buildSorted(keys: readonly string[], value: string): TreeNode {
  const sorted = [...keys].sort()
  return buildTree(
    sorted,
    sorted.map(() => value),
  )
}

describe('layers of keys', () => {
  it.each(fixtureCases<KeyHeight>('mst/key_heights.json'))('$key is at $height', (example) => {
    expect(layerOf(example.key)).toBe(example.height)
  })

  it.each(fixtureLines('mst/example_keys.txt'))('%s is at the layer it names', (key) => {
    expect(layerOf(key)).toBe(Number(key[1]))
  })
})

describe('trees of the example keys', () => {
  const keys = fixtureLines('mst/example_keys.txt')
  const whole = buildSorted(keys, leaf)

  it('are the same whatever the order of the puts', () => {
    const orders = [keys, [...keys].reverse(), [...keys].sort((a, b) => layerOf(b) - layerOf(a))]
    for (const order of orders) expect(cidOf(putAll(emptyTree, order, leaf))).toBe(cidOf(whole))
  })

  it.each(keys)('are restored when %s is removed and put back', (key) => {
    const without = remove(whole, key)
    expect(cidOf(without)).toBe(
      cidOf(
        buildSorted(
          keys.filter((other) => other !== key),
          leaf,
        ),
      ),
    )
    expect(cidOf(put(without, key, leaf))).toBe(cidOf(whole))
  })
})

describe('trees that keys are removed from, one after another', () => {
  const heights = fixtureCases<KeyHeight>('mst/key_heights.json').map(({ key }) => key)
  const keys = [...fixtureLines('mst/example_keys.txt'), ...heights.filter((key) => key !== '')]

  it.each([
    ['from the highest layer down', (a: string, b: string) => layerOf(b) - layerOf(a)],
    ['from the lowest layer up', (a: string, b: string) => layerOf(a) - layerOf(b)],
    ['from the first key on', (a: string, b: string) => (a < b ? -1 : 1)],
  ])('are those of the keys that are left, %s', (_, order) => {
    const left = [...keys].sort(order)
    let tree = buildSorted(keys, leaf)
    for (const key of [...left]) {
      left.shift()
      tree = remove(tree, key)
      expect(cidOf(tree)).toBe(cidOf(buildSorted(left, leaf)))
    }
    expect(tree).toBe(emptyTree)
  })
})

describe('commit proofs', () => {
  const cases = fixtureCases<CommitProof>('firehose/commit-proof-fixtures.json')

  it.each(cases)('$comment', ({ leafValue, keys, adds, dels, ...expected }) => {
    const before = buildSorted(keys, leafValue)
    expect(cidOf(before)).toBe(expected.rootBeforeCommit)

    const after = dels.reduce(remove, putAll(before, adds, leafValue))
    expect(cidOf(after)).toBe(expected.rootAfterCommit)

    const proof = new Set<TreeNode>()
    for (const key of [...adds, ...dels]) collectCoveringProof(after, key, proof)
    expect([...proof].map(cidOf).sort()).toEqual(expected.blocksInProof.sort())
  })
})

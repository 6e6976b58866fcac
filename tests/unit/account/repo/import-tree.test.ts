/** The tree of an imported repo by itself: what is refused, and which nodes are read at once. */
import { encode } from '@atproto/lex-cbor'
import { parseCid } from '@atproto/lex-data'
import { describe, expect, it } from 'vitest'
import { readTree } from '#src/account/repo/import-tree.ts'
import type { Block } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import { buildTree, cidOf, emptyTree, layerOf, type TreeNode } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'
import { countTurns } from '#tests/support/count-turns.ts'

const record = cidForCbor(encode({}))
const other = cidForCbor(encode({ other: true }))
const paths = Array.from({ length: 2_400 }, (_, n) => `a.b.c/${10_000 + n}`)
const byLayer = Map.groupBy(paths, layerOf)
const keys = (layer: number) => byLayer.get(layer)!
const treeOf = (keys: readonly string[]) =>
  buildTree(
    keys,
    keys.map(() => record),
  )

function node(
  layer: number,
  keys: readonly string[],
  subtrees: readonly (TreeNode | null)[] = [...keys, ''].map(() => null),
): TreeNode {
  return { layer, keys, values: keys.map(() => record), subtrees, cid: null }
}

const nodesOf = (tree: TreeNode): Block[] =>
  [...walk(tree)].flatMap((step) => (step.node ? [nodeBlock(step.node)] : []))

interface Input {
  nodes: readonly Block[]
  maxRecords?: number
  /** What the index says of the length of each node. */
  lengths?: readonly number[]
}

/** Reads the tree whose root is the first node. `reads` has the CIDs of each read. */
function open({ nodes, maxRecords = 1e9, lengths = [] }: Input) {
  const cids = [...nodes.map(([cid]) => cid), record]
  const reads: string[][] = []
  const read = () =>
    readTree(
      cids[0]!,
      {
        find: (cid) => {
          const at = cids.indexOf(cid)
          return at < 0 ? undefined : { at, length: lengths[at] ?? nodes[at]?.[1].length ?? 1 }
        },
        read: async (places) => {
          reads.push(places.map(({ at }) => cids[at]!))
          return places.map(({ at }) => nodes[at]![1])
        },
      },
      maxRecords,
    )
  return { read, reads }
}

const read = (tree: TreeNode, maxRecords?: number) =>
  open({ nodes: nodesOf(tree), ...(maxRecords !== undefined && { maxRecords }) }).read()

const refused = (message: string) => ({
  status: 400,
  message: `The repo cannot be imported: ${message}`,
})
const notCanonical = refused('its tree is not in canonical form')
const outOfOrder = refused('the paths of its tree are not in order')

const [low, ...rest] = keys(0)
const high = rest.at(-1)!
const [middle, later] = keys(1).filter((path) => path > low! && path < high)
const top = keys(2).find((path) => path > low! && path < high)!

describe('a canonical imported tree', () => {
  it.each([
    ['empty', []],
    ['of one record', [low!]],
    ['of one layer', keys(0).slice(0, 9)],
    ['of many layers', paths.slice(0, 500)],
    ['one with nodes that have no keys', [low!, top]],
  ])('an imported tree is read if it is %s', async (_, keys) => {
    const tree = treeOf(keys)
    expect(cidOf(await read(tree))).toBe(cidOf(tree))
    expect([...walk(await read(tree))].filter(({ node }) => !node)).toEqual(
      [...walk(tree)].filter(({ node }) => !node),
    )
  })

  it('an imported tree may have paths as long as paths may be', async () => {
    const name = `${'a.'.repeat(126)}a.${'b'.repeat(63)}`
    await read(treeOf([`${name}/${'x'.repeat(512)}`, 'a.b.c/d']))
  })
})

const noncanonical: [what: string, tree: TreeNode][] = [
  ['a child that is two layers below', node(2, [top], [node(0, [low!]), null])],
  ['keys of two layers in one node, the lower one first', node(0, [low!, middle!])],
  ['keys of two layers in one node, the higher one first', node(1, [middle!, high])],
  ['a leaf without keys', node(1, [middle!], [null, node(0, [])])],
  ['an empty node above the lowest layer', node(2, [top], [null, node(1, [])])],
  ['a node below the lowest layer', node(0, [low!], [null, node(-1, [high])])],
  [
    'nodes without keys below the lowest layer',
    node(0, [low!], [null, node(-1, [], [node(-2, [high])])]),
  ],
  ['a root without keys', node(1, [], [node(0, [low!])])],
]

it.each(noncanonical)('an imported tree is refused with %s', async (_, tree) => {
  await expect(read(tree)).rejects.toMatchObject(notCanonical)
})

it('an imported tree is refused if a key is not compressed', async () => {
  const entry = (path: string) => ({ k: Buffer.from(path), p: 0, t: null, v: parseCid(record) })
  const bytes = encode({ e: rest.slice(0, 2).map(entry), l: null })
  const { read } = open({ nodes: [[cidForCbor(bytes), bytes]] })
  await expect(read()).rejects.toMatchObject(notCanonical)
})

const disordered: [what: string, tree: TreeNode][] = [
  ['twice', node(0, [low!, low!])],
  ['after a later one', node(0, [high, low!])],
  ['below and after an earlier one', node(1, [middle!], [node(0, [high]), null])],
  ['below and before a later one', node(1, [middle!], [null, node(0, [low!])])],
  ['twice, below and above', node(1, [middle!, later!], [node(0, [low!]), node(0, [low!]), null])],
]

it.each(disordered)('an imported tree is refused with a path that is there %s', async (_, tree) => {
  await expect(read(tree)).rejects.toMatchObject(outOfOrder)
})

it('an imported tree may have as many records as are allowed, and no more', async () => {
  const tree = treeOf(paths.slice(0, 20))
  await read(tree, 20)
  await expect(read(tree, 19)).rejects.toMatchObject(refused('it has more than 19 records'))
})

it('an imported tree is refused if its root, a node or a record is missing', async () => {
  const tree = treeOf(paths.slice(0, 20))
  const [root, child, ...nodes] = nodesOf(tree)
  const missing = (cid: string) => refused(`tree node ${cid} is missing`)
  await expect(open({ nodes: [root!, ...nodes] }).read()).rejects.toMatchObject(missing(child![0]))
  const blocks = { find: () => undefined, read: async () => [] }
  await expect(readTree(root![0], blocks, 20)).rejects.toMatchObject(missing(root![0]))
  const foreign = { ...node(0, [low!]), values: [other] }
  await expect(read(foreign)).rejects.toMatchObject(refused(`record ${other} is missing (${low})`))
})

const invalid = ['/c', 'com.example.thing', 'a.b/c', 'a.b.c/', 'a.b.c/d/e', 'a.b.c/..', 'a.b.-c/d']

it.each(invalid)('an imported tree is refused with the path %s', async (path) => {
  const message = `invalid path ${JSON.stringify(path)}`
  await expect(read(treeOf([path]))).rejects.toMatchObject(refused(message))
  const after = treeOf(['a.b.c/d', path].sort())
  await expect(read(after)).rejects.toMatchObject(refused(message))
})

it('the paths of a node are checked before their layers, because they may be long', async () => {
  const long = Array.from({ length: 20 }, (_, n) => `a.b.c/${'x'.repeat(600)}${n}`)
  expect(new Set(long.map(layerOf)).size).toBeGreaterThan(1)
  const message = `invalid path ${JSON.stringify(long[0])}`
  await expect(read(node(0, long))).rejects.toMatchObject(refused(message))
  await expect(read(node(0, [low!, ...long]))).rejects.toMatchObject(refused(message))
})

it('the error of an invalid path has its first 1,024 characters', async () => {
  const path = `a.b.c/${'x'.repeat(1_018)}`
  const error = refused(`invalid path "${path}"`)
  await expect(read(treeOf([path]))).rejects.toMatchObject(error)
  await expect(read(treeOf([`${path}y`]))).rejects.toMatchObject(error)
})

const KiB = 1024
const groups: [what: string, lengths: number[], sizes: number[]][] = [
  ['four of 64 KiB', [64, 64, 64, 64, 64, 64].map((size) => size * KiB), [4, 2]],
  [
    'three, if the fourth would be a byte too many',
    [64 * KiB + 1, ...Array(5).fill(64 * KiB)],
    [3, 3],
  ],
  ['one of 200 KiB', Array(6).fill(200 * KiB), [1, 1, 1, 1, 1, 1]],
  ['one that is larger', [300 * KiB, ...Array(5).fill(KiB)], [1, 5]],
]

it.each(groups)(
  'sibling nodes of an imported tree are read together up to 256 KiB: %s',
  async (_, lengths, sizes) => {
    // Two keys in a row have no node between them, so a group is not a run of links.
    let at = -1
    const next = (layer: number) => {
      at = paths.findIndex((path, i) => i > at && layerOf(path) === layer)
      return paths[at]!
    }
    const nodes = nodesOf(treeOf([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0].map(next)))
    expect(nodes).toHaveLength(7)
    const { read, reads } = open({ nodes, lengths: [1, ...lengths] })
    await read()
    expect(reads.map(({ length }) => length)).toEqual([1, ...sizes])
    expect(reads.flat()).toEqual(nodes.map(([cid]) => cid))
  },
)

it('other work has its turn whenever 64 KiB of imported nodes have been read', async () => {
  const nodes = nodesOf(treeOf(paths))
  const bytes = nodes.reduce((sum, [, { length }]) => sum + length, 0)
  expect(bytes / KiB / 64).toBeGreaterThan(2)
  expect(bytes / KiB / 64).toBeLessThan(3)
  const turns = countTurns()
  await open({ nodes }).read()
  expect(turns()).toBe(2)
})

it('an empty imported tree is the empty tree', async () => {
  expect(await read(emptyTree)).toBe(emptyTree)
})

/** The chunks of an export by themselves: what is read at once, and that each block is there once. */
import { encode } from '@atproto/lex-cbor'
import { describe, expect, it } from 'vitest'
import {
  type Chunk,
  chunksSince,
  type ExportItem,
  wholeRepo,
} from '#src/account/repo/export-chunks.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import { buildTree, cidOf, type TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof, walk } from '#src/protocol/tree-walk.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const record = encode({})
const cid = cidForCbor(record)
const since = '3kaaaaaaaaa22'
const later = '3kaaaaaaaaa33'
const pathsOf = (count: number) => Array.from({ length: count }, (_, n) => `a.b.c/${10_000 + n}`)

interface Input {
  paths: readonly string[]
  changed?: readonly string[]
  deleted?: readonly string[]
}

/** An account with the same record at all paths, and its head. `reads` has the parameters of each read. */
async function open({ paths, changed = [], deleted = [] }: Input) {
  const account = await openTestAccount()
  const { batch, first, all } = account.sql
  const empty = await account.lane.head()
  const rows = paths.map((path) => [path, changed.includes(path) ? later : since])
  await batch([
    {
      sql: `INSERT INTO record (path, cid, rev, value)
            SELECT value ->> 0, ?2, value ->> 1, ?3 FROM json_each(?1)`,
      params: [JSON.stringify(rows), cid, record],
    },
    {
      sql: 'INSERT INTO tombstone (path, rev) SELECT value, ?2 FROM json_each(?1)',
      params: [JSON.stringify(deleted), later],
    },
  ])
  const tree = buildTree(
    paths,
    paths.map(() => cid),
  )
  const head = { ...empty, tree }
  const reads: unknown[][] = []
  Object.assign(account.sql, {
    first: (...args: Parameters<typeof first>) => {
      reads.push(args.slice(1))
      return first(...args)
    },
    all: (...args: Parameters<typeof all>) => {
      reads.push(args.slice(1))
      return all(...args)
    },
  })
  return { account, head, tree, reads }
}

async function itemsOf(
  chunks: Iterable<Chunk>,
  replaced: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ExportItem[][]> {
  const all: ExportItem[][] = []
  for (const chunk of chunks) {
    await chunk.read()
    all.push(chunk.items(replaced))
  }
  return all
}

const pathsIn = (items: readonly ExportItem[]) => items.flatMap(({ path }) => path ?? [])
/** The CIDs of the blocks that are no records, which must have their bytes. */
function nodesIn(items: readonly ExportItem[]): string[] {
  const nodes = items.filter(({ path }) => path === undefined)
  expect(nodes.filter(({ cid, bytes }) => cidForCbor(bytes!) !== cid)).toEqual([])
  return nodes.map(({ cid }) => cid)
}

/** The CIDs of the nodes that prove these paths, and of the root. */
function proofOf(tree: TreeNode, paths: readonly string[]): string[] {
  const nodes = new Set<TreeNode>([tree])
  for (const path of paths) collectCoveringProof(tree, path, nodes)
  return [...nodes].map(cidOf)
}

const changed = { status: 503, message: expect.stringMatching(/changed/) }

describe('a whole repo', () => {
  it('the export of a whole repo reads 50 records first and then 250 at a time, in the order of the tree', async () => {
    const paths = pathsOf(551)
    const { account, head, tree, reads } = await open({ paths })
    const chunks = await itemsOf(wholeRepo(account, head))
    expect(chunks.map((items) => pathsIn(items).length)).toEqual([50, 250, 250, 1])
    expect(reads).toEqual([
      [paths[0], paths[49], ''],
      [paths[50], paths[299], ''],
      [paths[300], paths[549], ''],
      [paths[550], paths[550], ''],
    ])
    const steps = [...walk(tree)].map((step) => (step.node ? cidOf(step.node) : step.cid))
    expect(chunks.flat().map(({ cid }) => cid)).toEqual(steps)
    expect(nodesIn(chunks.flat())).toEqual(steps.filter((step) => step !== cid))
    const records = chunks.flat().filter(({ path }) => path !== undefined)
    expect(records.filter(({ bytes }) => cidForCbor(bytes!) !== cid)).toEqual([])
  })

  it('the export of an empty repo reads nothing', async () => {
    const { account, head, tree, reads } = await open({ paths: [] })
    expect(await itemsOf(wholeRepo(account, head))).toEqual([
      [{ cid: nodeBlock(tree)[0], bytes: nodeBlock(tree)[1] }],
    ])
    expect(reads).toEqual([])
  })

  it('the export of a whole repo has records that were replaced, and fails without them', async () => {
    const { account, head } = await open({ paths: pathsOf(2) })
    const [path] = pathsOf(1)
    await account.sql.batch([
      { sql: "UPDATE record SET cid = 'new' WHERE path = ?", params: [path!] },
    ])
    await expect(itemsOf(wholeRepo(account, head))).rejects.toMatchObject(changed)
    const old = Uint8Array.of(1)
    const [items] = await itemsOf(wholeRepo(account, head), new Map([[path!, old]]))
    expect(items!.find((item) => item.path === path)).toEqual({ path, cid, bytes: old })
  })
})

describe('since a rev', () => {
  it('an export since a rev reads 1,000 records at a time, and has the changed ones and what proves them, each node once', async () => {
    const paths = pathsOf(2_001)
    const later = paths.filter((_, n) => n % 20 === 0)
    const { account, head, tree, reads } = await open({ paths, changed: later })
    const chunks = await itemsOf(chunksSince(account, head, since))
    expect(reads).toEqual([
      [paths[0], paths[999], since],
      [paths[1_000], paths[1_999], since],
      [paths[2_000], paths[2_000], since],
      ['', since],
    ])
    expect(chunks.map((items) => pathsIn(items).length)).toEqual([0, 50, 50, 1, 0])
    expect(pathsIn(chunks.flat())).toEqual(later)
    expect(nodesIn(chunks.flat()).sort()).toEqual(proofOf(tree, later).sort())
    expect(nodesIn(chunks[0]!)).toEqual([cidOf(tree)])
  })

  it('an export since a rev reads 1,000 deletions at a time, and has what proves them', async () => {
    const [paths, deleted] = [pathsOf(2_101).slice(2_001), pathsOf(2_001)]
    const { account, head, tree, reads } = await open({ paths, deleted })
    const chunks = await itemsOf(chunksSince(account, head, since))
    expect(reads.slice(1)).toEqual([
      ['', since],
      [deleted[999], since],
      [deleted[1_999], since],
    ])
    expect(nodesIn(chunks.flat()).sort()).toEqual(proofOf(tree, deleted).sort())
  })

  it('an export since a rev has records that were replaced, and fails without them', async () => {
    const paths = pathsOf(2)
    const { account, head } = await open({ paths, changed: paths.slice(0, 1) })
    await account.sql.batch([
      { sql: "UPDATE record SET cid = 'new' WHERE path = ?", params: [paths[0]!] },
    ])
    await expect(itemsOf(chunksSince(account, head, since))).rejects.toMatchObject(changed)
    const old = Uint8Array.of(1)
    const chunks = await itemsOf(chunksSince(account, head, since), new Map([[paths[0]!, old]]))
    const records = chunks.flat().filter(({ path }) => path !== undefined)
    expect(records).toEqual([{ path: paths[0], cid, bytes: old }])
  })
})

/** What an export sends, in chunks of one read each: the whole tree with its records, or what is later than a rev. */
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { type SmallRecord, smallRecords } from '#src/account/stored-records.ts'
import { unavailable, type XrpcError } from '#src/errors.ts'
import { loadOnce } from '#src/ports/load-once.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import type { TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof, walk } from '#src/protocol/tree-walk.ts'

/** A block. If it has no bytes yet, it is a large record, which is read when it is its turn. */
export interface ExportItem {
  readonly cid: string
  readonly bytes: Uint8Array | undefined
  /** Of a record. */
  readonly path?: string
}

export interface Chunk {
  /** Starts reading; after a failure the next call begins again. */
  read(): Promise<void>
  /** What was read. `replaced` are the record blocks that are gone from the database by now. */
  items(replaced: ReadonlyMap<string, Uint8Array>): ExportItem[]
}

type Leaf = { readonly path: string; readonly cid: string }

// Records in one read. The first chunk is small, so that what follows the first byte is sent soon.
const CHUNK = 250
const FIRST_CHUNK = 50
const SINCE_CHUNK = 1_000
const TOMBSTONES = 1_000

/** `past` are the ids in `past_record` of records that are not in `record` any more, by path: if the head is an old one. */
export function* wholeRepo(
  account: Account,
  head: Head,
  past: ReadonlyMap<string, number> = new Map(),
): Generator<Chunk> {
  let steps: (TreeNode | Leaf)[] = []
  let leaves = 0
  let size = FIRST_CHUNK
  for (const step of walk(head.tree)) {
    if (step.node !== undefined) {
      steps.push(step.node)
      continue
    }
    steps.push({ path: step.key, cid: step.cid })
    leaves++
    if (leaves < size) continue
    yield chunkOfSteps(account, steps, past)
    steps = []
    leaves = 0
    size = CHUNK
  }
  yield chunkOfSteps(account, steps, past)
}

function chunkOfSteps(
  account: Account,
  steps: readonly (TreeNode | Leaf)[],
  past: ReadonlyMap<string, number>,
): Chunk {
  const leaves = steps.filter((step) => 'path' in step)
  return chunk(
    async () => {
      const records = await readRecords(account, leaves, '')
      const ids = leaves.flatMap(({ path }) => past.get(path) ?? [])
      for (const row of ids.length === 0 ? [] : await readPastRecords(account, ids)) {
        records.set(row.path, row)
      }
      return records
    },
    (rows, replaced) =>
      steps.map((step): ExportItem => {
        if (!('path' in step)) return nodeItem(step)
        const item = recordItem(step, rows.get(step.path), replaced)
        if (item === undefined) throw changed()
        return item
      }),
  )
}

/**
 * The records of a later rev than `since`, and the nodes that prove them and what was deleted: what a holder of that rev
 * lacks of this head.
 */
export function* chunksSince(account: Account, head: Head, since: string): Generator<Chunk> {
  const sent = new Set<TreeNode>()
  const proof = (path: string): ExportItem[] => {
    const nodes = new Set<TreeNode>()
    collectCoveringProof(head.tree, path, nodes)
    const more = [...nodes].filter((node) => !sent.has(node))
    for (const node of more) sent.add(node)
    return more.map(nodeItem)
  }
  sent.add(head.tree)
  yield chunk(
    async () => undefined,
    () => [nodeItem(head.tree)],
  )
  let leaves: Leaf[] = []
  for (const step of walk(head.tree)) {
    if (step.node !== undefined) continue
    leaves.push({ path: step.key, cid: step.cid })
    if (leaves.length < SINCE_CHUNK) continue
    yield changedRecords(account, leaves, since, proof)
    leaves = []
  }
  yield changedRecords(account, leaves, since, proof)
  let after: string | undefined = ''
  while (after !== undefined) {
    const from: string = after
    yield chunk(
      () => readTombstones(account, from, since),
      (paths) => {
        after = paths.length < TOMBSTONES ? undefined : paths.at(-1)
        return paths.flatMap(proof)
      },
    )
  }
}

function changedRecords(
  account: Account,
  leaves: readonly Leaf[],
  since: string,
  proof: (path: string) => ExportItem[],
): Chunk {
  return chunk(
    () => readRecords(account, leaves, since),
    (rows, replaced) =>
      leaves.flatMap((leaf) => {
        const row = rows.get(leaf.path)
        const item = recordItem(leaf, row, replaced)
        if (item !== undefined) return [...proof(leaf.path), item]
        if (row !== undefined) throw changed()
        return []
      }),
  )
}

function chunk<T>(
  read: () => Promise<T>,
  items: (rows: T, replaced: ReadonlyMap<string, Uint8Array>) => ExportItem[],
): Chunk {
  let rows: T
  return {
    read: loadOnce(async () => {
      rows = await read()
    }),
    items: (replaced) => items(rows, replaced),
  }
}

async function readRecords(
  { sql }: Account,
  leaves: readonly Leaf[],
  since: string,
): Promise<Map<string, SmallRecord>> {
  const [first] = leaves
  if (first === undefined) return new Map()
  const rows = await smallRecords(
    sql,
    'SELECT path, cid, value FROM record WHERE path >= ? AND path <= ? AND rev > ? ORDER BY path',
    first.path,
    leaves.at(-1)!.path,
    since,
  )
  return new Map(rows.map((row) => [row.path, row]))
}

function readPastRecords({ sql }: Account, ids: readonly number[]): Promise<SmallRecord[]> {
  const query = `SELECT path, cid, value FROM past_record
                 WHERE id IN (SELECT value FROM json_each(?)) ORDER BY path`
  return smallRecords(sql, query, JSON.stringify(ids))
}

async function readTombstones({ sql }: Account, after: string, since: string): Promise<string[]> {
  const rows = await sql.all<{ path: string }>(
    `SELECT path FROM tombstone WHERE path > ? AND rev > ? ORDER BY path LIMIT ${TOMBSTONES}`,
    after,
    since,
  )
  return rows.map(({ path }) => path)
}

function nodeItem(node: TreeNode): ExportItem {
  const [cid, bytes] = nodeBlock(node)
  return { cid, bytes }
}

function recordItem(
  { path, cid }: Leaf,
  row: SmallRecord | undefined,
  replaced: ReadonlyMap<string, Uint8Array>,
): ExportItem | undefined {
  if (row?.cid === cid) return { path, cid, bytes: row.value }
  const bytes = replaced.get(path)
  return bytes && { path, cid, bytes }
}

export function changed(): XrpcError {
  return unavailable('The repo changed during the export, please try again')
}

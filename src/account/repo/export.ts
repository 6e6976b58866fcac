/** getRepo: the whole repo, or the part after a rev, as pages of one consistent CAR file, during concurrent writes. */

import { mustBeReadable, type Reader } from '#src/account/access.ts'
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { exportExpired } from '#src/account/snapshots.ts'
import { packedRecords, type StoredRecord } from '#src/account/stored-records.ts'
import type { Job } from '#src/account/write-lane.ts'
import { unavailable } from '#src/errors.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { type Block, carBlockLength, carHeader, writeCarBlock } from '#src/protocol/car.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import type { TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof, walk } from '#src/protocol/tree-walk.ts'

type Step = { node: TreeNode } | { node?: undefined; key: string; cid: string }

interface Chunk {
  steps: Step[]
  rows: Promise<StoredRecord[]> | undefined
  isLast: boolean
}

interface Page {
  bytes: Uint8Array
  done: boolean
}

/**
 * `since`: only records with a later rev are sent, or all if it is empty. `next` is read while the previous chunk is
 * encoded and sent. `last` is kept, so that a call whose answer was lost can be repeated.
 */
interface Progress {
  steps: Iterator<Step>
  since: string
  next: Chunk | undefined
  blocks: Block[]
  last: { n: number; page: Page } | undefined
  readonly mutex: Mutex
}

// Records in one read; a page ends after the first chunk that exceeds its size. The first chunk is small, so that the
// first byte is sent soon.
const CHUNK = 250
const FIRST_CHUNK = 50
const FIRST_PAGE_BYTES = 32 * 1024
const PAGE_BYTES = 384 * 1024

export async function openExport(
  account: Account,
  input: { since?: string },
  as: Reader,
): Promise<{ id: string }> {
  await mustBeReadable(account, as)
  // In the write lane, so that no write replaces a record between reading this head and opening the snapshot.
  const begin: Job<string> = async ({ head }) => {
    const steps =
      input.since === undefined ? walk(head.tree) : await changedSince(account, head, input.since)
    const progress: Progress = {
      steps: steps[Symbol.iterator](),
      since: input.since ?? '',
      next: undefined,
      blocks: [[head.cid, head.block]],
      last: undefined,
      mutex: new Mutex(),
    }
    const answer = account.snapshots.begin(head, progress, account.clock.now())
    return { answer, head, statements: [], events: [] }
  }
  const id = await account.lane.write(begin, { readsDatabase: true })
  return { id }
}

/** Page `n`, counted from 0; the last one may be read again. Throws 400 ExportExpired for any other but the next. */
export async function readExport(
  account: Account,
  { id, n }: { id: string; n: number },
): Promise<Page> {
  const { progress } = account.snapshots.use<Progress>(id, account.clock.now())
  return progress.mutex.run(async () => {
    const { last } = progress
    if (last?.n === n) return last.page
    if (n !== (last?.n ?? -1) + 1 || last?.page.done) throw exportExpired()
    const page = await readPage(account, id, n === 0)
    progress.last = { n, page }
    if (page.done) account.snapshots.end(id)
    return page
  })
}

// If it throws, the next call continues with the same page: nothing that was read is skipped.
async function readPage(account: Account, id: string, isFirst: boolean): Promise<Page> {
  const { head, replaced, progress } = account.snapshots.use<Progress>(id, account.clock.now())
  const limit = isFirst ? FIRST_PAGE_BYTES : PAGE_BYTES
  let done = false
  while (!done && sizeOf(progress.blocks) < limit) {
    const chunk = progress.next ?? nextChunk(account, progress, FIRST_CHUNK)
    progress.next = chunk
    const rows = await rowsOf(account, chunk, progress.since)
    const values = valuesOf(chunk.steps, rows, replaced)
    done = chunk.isLast
    progress.next = done ? undefined : nextChunk(account, progress, CHUNK)
    progress.blocks.push(...blocksOf(chunk.steps, values))
  }
  const bytes = carPage(isFirst ? carHeader([head.cid]) : new Uint8Array(), progress.blocks)
  progress.blocks = []
  return { bytes, done }
}

function nextChunk(account: Account, { steps: all, since }: Progress, count: number): Chunk {
  const steps: Step[] = []
  let records = 0
  let isLast = false
  while (records < count) {
    const next = all.next()
    isLast = next.done === true
    if (next.done) break
    steps.push(next.value)
    if (next.value.node === undefined) records++
  }
  const chunk: Chunk = { steps, rows: undefined, isLast }
  // An abandoned export must not crash the process with an unhandled rejection.
  rowsOf(account, chunk, since).catch(() => {})
  return chunk
}

async function rowsOf(account: Account, chunk: Chunk, since: string): Promise<StoredRecord[]> {
  const paths = chunk.steps.flatMap(({ node, ...record }) =>
    node === undefined ? [(record as { key: string }).key] : [],
  )
  chunk.rows ??= readRows(account, paths, since)
  try {
    return await chunk.rows
  } catch (error) {
    chunk.rows = undefined
    throw error
  }
}

async function readRows(account: Account, paths: string[], since: string): Promise<StoredRecord[]> {
  const [first] = paths
  const last = paths.at(-1)
  if (first === undefined || last === undefined) return []
  return packedRecords(
    account.sql,
    'SELECT path, cid, value FROM record WHERE path >= ? AND path <= ? AND rev > ? ORDER BY path',
    first,
    last,
    since,
  )
}

/** The blocks of the records, by CID. Throws 503 if one is gone. */
function valuesOf(
  steps: readonly Step[],
  rows: readonly StoredRecord[],
  replaced: Map<string, Uint8Array>,
): Map<string, Uint8Array> {
  const values = new Map(rows.map(({ cid, value }) => [cid, value]))
  for (const { node, ...record } of steps) {
    if (node !== undefined) continue
    const { cid } = record as { cid: string }
    const value = values.get(cid) ?? replaced.get(cid)
    if (value === undefined)
      throw unavailable('The repo changed during the export, please try again')
    values.set(cid, value)
  }
  return values
}

function blocksOf(steps: readonly Step[], values: ReadonlyMap<string, Uint8Array>): Block[] {
  return steps.map((step) =>
    step.node === undefined ? [step.cid, values.get(step.cid)!] : nodeBlock(step.node),
  )
}

function sizeOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, [, bytes]) => sum + carBlockLength(bytes), 0)
}

function carPage(header: Uint8Array, blocks: Block[]): Uint8Array {
  const out = new Uint8Array(header.length + sizeOf(blocks))
  out.set(header)
  let at = header.length
  for (const block of blocks) at = writeCarBlock(block, out, at)
  return out
}

async function changedSince(account: Account, head: Head, rev: string): Promise<Step[]> {
  const written = await account.sql.all<{ path: string; cid: string }>(
    'SELECT path, cid FROM record WHERE rev > ? ORDER BY path',
    rev,
  )
  const deleted = await account.sql.all<{ path: string }>(
    'SELECT path FROM tombstone WHERE rev > ?',
    rev,
  )
  const nodes = new Set<TreeNode>([head.tree])
  for (const { path } of [...written, ...deleted]) collectCoveringProof(head.tree, path, nodes)
  return [
    ...[...nodes].map((node) => ({ node })),
    ...written.map(({ path, cid }) => ({ key: path, cid })),
  ]
}

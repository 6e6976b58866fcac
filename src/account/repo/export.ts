/** getRepo: the whole repo, or the part after a rev, as pages of one consistent CAR file while writes go on. */
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { mustBeReadable, type Reader } from '#src/account/repo/access.ts'
import { packedRecords, type StoredRecord } from '#src/account/stored-records.ts'
import type { Job } from '#src/account/write-lane.ts'
import { unavailable } from '#src/errors.ts'
import { type Block, carBlockLength, carHeader, writeCarBlock } from '#src/protocol/car.ts'
import { nodeBlock } from '#src/protocol/commit.ts'
import type { TreeNode } from '#src/protocol/tree.ts'
import { collectCoveringProof, walk } from '#src/protocol/tree-walk.ts'

/** What is left to send: nodes in preorder, and records between them. */
type Step = { node: TreeNode } | { node?: undefined; key: string; cid: string }

interface Chunk {
  steps: Step[]
  rows: StoredRecord[]
  isLast: boolean
}

interface Progress {
  steps: Iterator<Step>
  /** Only records with a later rev are sent; empty for all. */
  since: string
  /** The next chunk, read while the previous one is encoded and sent; undefined before the first page. */
  next: Promise<Chunk> | undefined
}

/** Records in one read; a page ends after the first chunk that exceeds its size. */
const CHUNK = 250
/** Small, so that the first byte is sent soon. */
const FIRST_CHUNK = 50
const FIRST_PAGE_BYTES = 32 * 1024
const PAGE_BYTES = 384 * 1024

/** Starts an export of the current repo. `since` is a rev: only what has changed after it is sent. */
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
    }
    const answer = account.snapshots.begin(head, progress, account.clock.now())
    return { answer, head, statements: [], events: [] }
  }
  const id = await account.lane.write(begin, { readsDatabase: true })
  return { id }
}

export async function readExport(
  account: Account,
  id: string,
): Promise<{ bytes: Uint8Array; done: boolean }> {
  const { head, replaced, progress } = account.snapshots.use<Progress>(id, account.clock.now())
  const isFirst = progress.next === undefined
  const blocks: Block[] = isFirst ? [[head.cid, head.block]] : []
  const limit = isFirst ? FIRST_PAGE_BYTES : PAGE_BYTES
  const header = isFirst ? carHeader([head.cid]) : new Uint8Array()
  let size = 0
  let done = false
  while (!done && size < limit) {
    const chunk = await (progress.next ?? readChunk(account, progress, FIRST_CHUNK))
    done = chunk.isLast
    if (!done) progress.next = readChunk(account, progress, CHUNK)
    for (const block of blocksOf(chunk, replaced)) {
      blocks.push(block)
      size += carBlockLength(block[1])
    }
  }
  if (done) account.snapshots.end(id)
  return { bytes: carPage(header, blocks), done }
}

function readChunk(account: Account, from: Progress, count: number): Promise<Chunk> {
  const steps: Step[] = []
  const paths: string[] = []
  let isLast = false
  while (paths.length < count) {
    const next = from.steps.next()
    isLast = next.done === true
    if (next.done) break
    steps.push(next.value)
    if (next.value.node === undefined) paths.push(next.value.key)
  }
  const chunk = readRows(account, paths, from.since).then((rows) => ({ steps, rows, isLast }))
  // The next page's request reports a failure; an abandoned export must not crash the process with an unhandled
  // rejection.
  chunk.catch(() => {})
  return chunk
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

/** A record is either still stored as it was, or kept by the snapshot. */
function blocksOf({ steps, rows }: Chunk, replaced: Map<string, Uint8Array>): Block[] {
  const stored = new Map(rows.map(({ cid, value }) => [cid, value]))
  return steps.map((step): Block => {
    if (step.node !== undefined) return nodeBlock(step.node)
    const value = stored.get(step.cid) ?? replaced.get(step.cid)
    if (value === undefined)
      throw unavailable('The repo changed during the export, please try again')
    return [step.cid, value]
  })
}

function carPage(header: Uint8Array, blocks: Block[]): Uint8Array {
  const size = blocks.reduce((sum, [, bytes]) => sum + carBlockLength(bytes), header.length)
  const out = new Uint8Array(size)
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

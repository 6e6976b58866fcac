/** getRepo: the whole repo, or the part after a rev, as pages of one consistent CAR file, during concurrent writes. */

import { mustBeReadable, type Reader } from '#src/account/access.ts'
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import {
  type Chunk,
  changed,
  chunksSince,
  type ExportItem,
  wholeRepo,
} from '#src/account/repo/export-chunks.ts'
import { type Exporter, exportExpired } from '#src/account/snapshots.ts'
import type { Job } from '#src/account/write-lane.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { fromHex } from '#src/ports/sql.ts'
import { type Block, carBlockLength, carHeader, writeCarBlock } from '#src/protocol/car.ts'

export interface Page {
  bytes: Uint8Array
  done: boolean
}

/**
 * `next` is read while the previous chunk is encoded and sent. `last` is kept, so that a call whose answer was lost can
 * be repeated.
 */
interface Progress {
  readonly chunks: Iterator<Chunk>
  next: Chunk | undefined
  /** What was read and is not in a page yet. */
  items: ExportItem[]
  /** Of the page that is being made. */
  blocks: Block[]
  last: { n: number; page: Page } | undefined
  readonly mutex: Mutex
  /** What else was read at the same moment. */
  readonly parts: ReadonlyMap<string, Uint8Array>
}

export interface ExportInput {
  since?: string
  /** Network of the client, for its limits. */
  from?: string | undefined
  /** Whether the answer has the first page, which is page 0. */
  first?: boolean
}

const PAGE_BYTES = 384 * 1024

/**
 * With `since`, only what a holder of that rev lacks. Throws 503 or 429 if there are too many exports; `closeExport` what
 * is not read to its end.
 */
export async function openExport(
  account: Account,
  { since, from, first = false }: ExportInput,
  as: Reader,
): Promise<{ id: string; first?: Page }> {
  await mustBeReadable(account, as)
  // In the write lane, so that no write replaces a record between reading this head and opening the snapshot. All else
  // is read later.
  const begin: Job<string> = ({ head }) => {
    const chunks =
      since === undefined ? wholeRepo(account, head) : chunksSince(account, head, since)
    const isOwner = as !== 'anyone'
    const answer = beginExport(account, head, chunks, {
      address: isOwner ? undefined : from,
      isOwner,
    })
    return { answer, head, statements: [], events: [] }
  }
  const id = await account.lane.write(begin, { readsDatabase: true })
  return first ? { id, first: await readExport(account, { id, n: 0 }) } : { id }
}

/** Begins the export of these chunks of the repo at `head`, and of `parts`. Throws 503 or 429 as `openExport`. */
export function beginExport(
  { snapshots }: Account,
  head: Head,
  chunks: Iterator<Chunk>,
  exporter: Exporter,
  parts: ReadonlyMap<string, Uint8Array> = new Map(),
): string {
  const progress: Progress = {
    chunks,
    next: undefined,
    items: [],
    blocks: [],
    last: undefined,
    mutex: new Mutex(),
    parts,
  }
  return snapshots.begin(head, progress, exporter)
}

/** Page `n`, counted from 0; the last one may be read again. Throws 400 ExportExpired for any other but the next. */
export async function readExport(
  account: Account,
  { id, n }: { id: string; n: number },
): Promise<Page> {
  const { progress } = account.snapshots.use<Progress>(id)
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

/** A page of one of the `parts`, from the byte `at`. Throws 400 ExportExpired. */
export function readExportPart(
  { snapshots }: Account,
  { id, part, at }: { id: string; part: string; at: number },
): Page {
  const bytes = snapshots.use<Progress>(id).progress.parts.get(part)
  if (bytes === undefined) throw exportExpired()
  const end = Math.min(bytes.length, at + PAGE_BYTES)
  return { bytes: bytes.slice(at, end), done: end === bytes.length }
}

/** Idempotent. */
export function closeExport(account: Account, { id }: { id: string }): void {
  account.snapshots.close(id)
}

// If it throws, the next call goes on with the same page: nothing that was read is skipped.
async function readPage(account: Account, id: string, isFirst: boolean): Promise<Page> {
  const { head, replaced, progress } = account.snapshots.use<Progress>(id)
  if (isFirst) {
    // The commit is in memory, so the first byte need not wait for the database.
    prefetch(progress)
    return { bytes: carPage(carHeader([head.cid]), [[head.cid, head.block]]), done: false }
  }
  let done = false
  while (!done && sizeOf(progress.blocks) < PAGE_BYTES) {
    if (progress.items.length > 0) await takeItems(account, id)
    else if (progress.next === undefined) done = true
    else {
      await progress.next.read()
      progress.items = progress.next.items(replaced)
      prefetch(progress)
    }
  }
  const bytes = carPage(new Uint8Array(), progress.blocks)
  progress.blocks = []
  return { bytes, done }
}

function prefetch(progress: Progress): void {
  const { value, done } = progress.chunks.next()
  progress.next = done ? undefined : value
  // It is read again, and thrown, when it is its turn. An abandoned export must not crash the process.
  progress.next?.read().catch(() => {})
}

// Moves items to the page until that is full.
async function takeItems(account: Account, id: string): Promise<void> {
  const { snapshots } = account
  const { progress } = snapshots.use<Progress>(id)
  const { items, blocks } = progress
  let room = PAGE_BYTES - sizeOf(blocks)
  let taken = 0
  try {
    for (; taken < items.length && room > 0; taken++) {
      const item = items[taken]!
      const bytes = item.bytes ?? (await readLargeRecord(account, id, item))
      blocks.push([item.cid, bytes])
      room -= carBlockLength(bytes)
      if (item.path !== undefined) snapshots.pass(id, item.path)
    }
  } finally {
    progress.items = items.slice(taken)
  }
}

async function readLargeRecord(
  { sql, snapshots }: Account,
  id: string,
  { path = '', cid }: ExportItem,
): Promise<Uint8Array> {
  const row = await sql.first<{ value: string }>(
    `SELECT hex(value) AS value FROM record WHERE path = ?1 AND cid = ?2
     UNION ALL
     SELECT hex(value) FROM past_record WHERE path = ?1 AND cid = ?2 AND value IS NOT NULL LIMIT 1`,
    path,
    cid,
  )
  const bytes = row ? fromHex(row.value) : snapshots.use<Progress>(id).replaced.get(path)
  if (bytes === undefined) throw changed()
  return bytes
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

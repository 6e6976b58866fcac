/** From what a record is to have been back to a write: its block, with the blobs and the subject that it refers to. */
import type { Account } from '#src/account/account.ts'
import { isPresent } from '#src/account/blobs/references.ts'
import { findValues, keyOf, readValue } from '#src/account/history/values.ts'
import type { RecordWrite } from '#src/account/repo/commit-writes.ts'
import type { BlobRef } from '#src/protocol/record-value.ts'
import { blockValue, readRecord } from '#src/protocol/repo-blocks.ts'
import { lookUp, type TreeNode } from '#src/protocol/tree.ts'

/** `cid` is what the record at the path is to be; null for none. */
export interface Target {
  path: string
  cid: string | null
}

export interface RestoredWrites {
  writes: RecordWrite[]
  /** The targets that the writes are for, or that need none. */
  done: Target[]
  /** Those whose block, or a blob of which, is gone. */
  lost: Target[]
}

// A commit of that many bytes of records has room for its proof.
const MAX_BYTES = 1_000_000

/** The first of the targets that fit into one commit on this tree, at most `limit`. */
export async function restoredWrites(
  account: Account,
  tree: TreeNode,
  targets: readonly Target[],
  limit: number,
): Promise<RestoredWrites> {
  const { sql } = account
  const found: RestoredWrites = { writes: [], done: [], lost: [] }
  const values = await findValues(
    sql,
    targets.flatMap(({ path, cid }) => (cid === null ? [] : path)),
  )
  let bytes = 0
  for (const target of targets.slice(0, limit)) {
    const { path, cid } = target
    const current = lookUp(tree, path)
    if (current === cid) {
      found.done.push(target)
      continue
    }
    if (cid === null) {
      found.writes.push({ action: 'delete', path })
      found.done.push(target)
      continue
    }
    const placed = values.get(keyOf(path, cid))
    bytes += placed?.size ?? 0
    if (bytes > MAX_BYTES && found.writes.length > 0) break
    const block = placed?.isRestorable ? await readValue(sql, placed) : undefined
    const references = block && (await referencesOf(account, path, block))
    if (block === undefined || references === undefined) {
      found.lost.push(target)
      continue
    }
    const action = current === null ? 'create' : 'update'
    found.writes.push({ action, record: { path, cid, block, ...references } })
    found.done.push(target)
  }
  return found
}

/** Undefined if a blob is gone. */
async function referencesOf(
  { sql }: Account,
  path: string,
  block: Uint8Array,
): Promise<{ blobs: BlobRef[]; subjects: string[] } | undefined> {
  const { blobs: cids, subject } = readRecord(blockValue(block), path)
  const subjects = subject === null ? [] : [subject]
  if (cids.length === 0) return { blobs: [], subjects }
  const blobs = await sql.all<BlobRef>(
    `SELECT cid, mime_type AS mimeType, size FROM blob
     WHERE cid IN (SELECT value FROM json_each(?)) AND takedown_ref IS NULL AND ${isPresent}`,
    JSON.stringify(cids),
  )
  return blobs.length === cids.length ? { blobs, subjects } : undefined
}

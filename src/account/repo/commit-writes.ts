/** The only function that commits: record writes in, a signed commit with its statements and its event out. */
import type { Account } from '#src/account/account.ts'
import { type BlobChange, blobStatements, mustHaveBlobs } from '#src/account/blobs/references.ts'
import { keepRecords } from '#src/account/past.ts'
import {
  backlinkKey,
  collectionOf,
  deleteRecord,
  type NewRecord,
  putRecords,
} from '#src/account/repo/records.ts'
import { repoSigner } from '#src/account/repo/signer.ts'
import { setTakedown } from '#src/account/takedowns.ts'
import type { LaneView, Prepared } from '#src/account/write-lane.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { coveringBlocks, signCommit } from '#src/protocol/commit.ts'
import { type CommitOp, encodeCommitEvent } from '#src/protocol/events.ts'
import { cidOf, lookUp, put, remove, type TreeNode } from '#src/protocol/tree.ts'
import { mustWrite } from '#src/rules/states.ts'

export type RecordWrite =
  | { action: 'create' | 'update'; record: NewRecord }
  | { action: 'delete'; path: string }

export interface CommitRef {
  cid: string
  rev: string
}

export interface CommitOptions {
  swapCommit?: string | null
  /** What made it: see rules/commit-clients.ts. */
  client?: string | undefined
}

// Limits of a #commit event (com.atproto.sync.subscribeRepos) and of applyWrites.
const MAX_EVENT_BYTES = 2_000_000
const MAX_WRITES = 200

/**
 * Prepares one commit of all `writes` on the newest head. Throws 400 InvalidSwap if `swapCommit` is not that head, and
 * 4xx if a write does not fit the records.
 */
export async function commitWrites(
  account: Account,
  { head }: LaneView,
  writes: readonly RecordWrite[],
  { swapCommit, client }: CommitOptions = {},
): Promise<Prepared<CommitRef>> {
  // The state may have changed while the write waited in the lane.
  mustWrite(account.directoryMirror.pendingStatus ?? (await account.profile.get()).status)
  if (swapCommit && swapCommit !== head.cid) {
    throw invalidRequest(`Commit was at ${head.cid}`, 'InvalidSwap')
  }
  if (writes.length > MAX_WRITES) throw invalidRequest(`Too many writes. Max: ${MAX_WRITES}`)
  const { tree, ops } = applyToTree(head.tree, writes)
  const blobs = blobChange(account, writes)
  if (blobs && blobs.referenced.length > 0) await mustHaveBlobs(account, blobs.referenced)
  const rev = account.tids.next(head.rev)
  const commit = signCommit(account.did, rev, cidOf(tree), await repoSigner(account))
  const blocks = carFile(commit.cid, uniqueBlocks(commit, tree, writes))
  if (blocks.length > MAX_EVENT_BYTES) throw invalidRequest('Too many writes. Max event size: 2MB')
  const time = new Date(account.clock.now()).toISOString()
  await keepForSnapshots(account, ops)
  return {
    answer: { cid: commit.cid, rev },
    head: { ...commit, tree },
    statements: [
      ...(blobs ? blobStatements(blobs, rev) : []),
      ...keepRecords(
        ops.flatMap(({ path, prev }) => (prev === undefined ? [] : path)),
        rev,
      ),
      ...statementsFor(writes, rev),
      ...(await endTakedowns(account, writes)),
    ],
    events: [
      encodeCommitEvent({
        did: account.did,
        time,
        commit: commit.cid,
        rev,
        since: head.rev,
        prevData: head.data,
        ops,
        blocks,
      }),
    ],
    ops,
    client,
    backlinks: writes.flatMap(backlinksOf),
    ...(blobs && { onDurable: () => account.blobs.reconcile() }),
  }
}

function applyToTree(
  tree: TreeNode,
  writes: readonly RecordWrite[],
): { tree: TreeNode; ops: CommitOp[] } {
  const seen = new Set<string>()
  let next = tree
  const ops = writes.map((write): CommitOp => {
    const path = write.action === 'delete' ? write.path : write.record.path
    // A #commit event may name a path only once, or it could not be inverted.
    if (seen.has(path)) throw invalidRequest(`More than one write to ${path}`)
    seen.add(path)
    const prev = lookUp(next, path)
    if (write.action === 'create') {
      if (prev !== null)
        throw new XrpcError(409, 'InvalidRequest', `Record already exists: ${path}`)
      next = put(next, path, write.record.cid)
      return { action: 'create', path, cid: write.record.cid }
    }
    if (prev === null) throw invalidRequest(`Could not locate record: ${path}`, 'RecordNotFound')
    if (write.action === 'update') {
      next = put(next, path, write.record.cid)
      return { action: 'update', path, cid: write.record.cid, prev }
    }
    next = remove(next, path)
    return { action: 'delete', path, cid: null, prev }
  })
  return { tree: next, ops }
}

function uniqueBlocks(
  commit: { cid: string; block: Uint8Array },
  tree: TreeNode,
  writes: readonly RecordWrite[],
): Iterable<Block> {
  const paths = writes.map((write) => (write.action === 'delete' ? write.path : write.record.path))
  const blocks = new Map<string, Uint8Array>([[commit.cid, commit.block]])
  for (const [cid, bytes] of coveringBlocks(tree, paths)) blocks.set(cid, bytes)
  // An empty commit includes the root node.
  if (paths.length === 0)
    for (const [cid, bytes] of coveringBlocks(tree, [''])) blocks.set(cid, bytes)
  for (const write of writes) {
    if (write.action !== 'delete') blocks.set(write.record.cid, write.record.block)
  }
  return blocks
}

function statementsFor(writes: readonly RecordWrite[], rev: string): Statement[] {
  const records = (action: 'create' | 'update') =>
    writes.flatMap((write) => (write.action === action ? [write.record] : []))
  return [
    ...writes.flatMap((write) => (write.action === 'delete' ? deleteRecord(write.path, rev) : [])),
    ...putRecords(records('create'), rev, false),
    ...putRecords(records('update'), rev, true),
  ]
}

// A deleted record's takedown ends, so that it does not hide the next record at that path.
async function endTakedowns(
  { takedowns }: Account,
  writes: readonly RecordWrite[],
): Promise<Statement[]> {
  const deleted = writes.flatMap((write) => (write.action === 'delete' ? [write.path] : []))
  if (deleted.length === 0 || !(await takedowns.mayExist())) return []
  return deleted.map((path) => setTakedown(path, null))
}

function blobChange(account: Account, writes: readonly RecordWrite[]): BlobChange | undefined {
  const referenced = writes.flatMap((write) =>
    write.action === 'delete' ? [] : write.record.blobs,
  )
  if (referenced.length === 0 && !account.blobs.mayHaveReferences) return undefined
  const changedPaths = writes.flatMap((write) => {
    if (write.action === 'create') return []
    return write.action === 'delete' ? write.path : write.record.path
  })
  return referenced.length + changedPaths.length === 0 ? undefined : { referenced, changedPaths }
}

function backlinksOf(write: RecordWrite): [string, string][] {
  if (write.action === 'delete') return []
  const { path, subjects } = write.record
  return subjects.map((subject) => [backlinkKey(collectionOf(path), subject), path])
}

// Running exports may still need record blocks that this commit deletes.
async function keepForSnapshots(account: Account, ops: readonly CommitOp[]): Promise<void> {
  for (const { path, prev } of ops) {
    if (prev === undefined || !account.snapshots.needs(path, prev)) continue
    const record = await account.records.find(path, prev)
    if (record !== undefined) account.snapshots.keep(path, prev, record.value)
  }
}

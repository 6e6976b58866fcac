/**
 * Prepares an import whose file has arrived: finds its blocks, verifies commit and tree, and stores the records in the
 * staging tables. Only the places of the blocks and the tree are in memory.
 */
import { randomBytes } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import type { OpenImport, PreparedImport } from '#src/account/open-import.ts'
import { checkCommit } from '#src/account/repo/import-commit.ts'
import {
  createStagingTables,
  type StagedRecord,
  stageRecords,
} from '#src/account/repo/import-staging.ts'
import { type RepoBlocks, readTree } from '#src/account/repo/import-tree.ts'
import { invalidRequest } from '#src/errors.ts'
import { nextTurn } from '#src/ports/pause.ts'
import type { SpoolFile } from '#src/ports/spool.ts'
import { BlockIndex, type BlockPlace } from '#src/protocol/block-index.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import { cidDigest } from '#src/protocol/cid.ts'
import { badRepo, blockValue, readCommit, readRecord } from '#src/protocol/repo-blocks.ts'
import { mayBeNode, type TreeNode } from '#src/protocol/tree.ts'
import { walk } from '#src/protocol/tree-walk.ts'

const READ_BYTES = 256 * 1024
// For the nodes of the tree, which are read one after the other: as many as a repo of 200,000 records has.
const MAX_NODE_BYTES = 16 * 1024 * 1024
const BATCH_BYTES = 1024 * 1024
const BATCH_RECORDS = 1_000
// After so many records other work has its turn.
const RECORDS_IN_TURN = 100

/** `goOn` throws if the import has been ended meanwhile. Throws 400 if the file is not a repo of this account. */
export async function prepareImport(
  account: Account,
  { file, head }: OpenImport,
  keys: readonly string[],
  goOn: () => void,
): Promise<PreparedImport> {
  const { maxRecords } = account.importLimits
  // A tree of this many records has fewer nodes than records: more blocks cannot all be named by it.
  const { root, blocks } = await findBlocks(file, 2 * maxRecords, goOn)
  const [commitBytes] = await blocks.read([root])
  const commit = readCommit(commitBytes!)
  await checkCommit(account, commit, keys)
  const tree = await readTree(commit.data, blocks, maxRecords)
  const rev = account.tids.next([commit.rev, head.rev].toSorted().pop())
  goOn()
  await account.sql.batch(await createStagingTables(account.sql))
  const batches = batchesOf(tree, blocks)
  let next = batches.next()
  for (;;) {
    const { value: records, done } = await next
    if (done) return { tree, rev }
    goOn()
    // The next batch is read while this one is stored.
    next = batches.next()
    next.catch(() => {})
    await account.sql.batch(stageRecords(records, rev))
  }
}

async function findBlocks(
  file: SpoolFile,
  maxBlocks: number,
  goOn: () => void,
): Promise<{ root: BlockPlace; blocks: RepoBlocks }> {
  const reader = new CarReader()
  const index = new BlockIndex(randomBytes(4).readUInt32LE())
  const nodes = new Map<number, Uint8Array>()
  let nodeBytes = 0
  for (let at = 0; at < file.size; at += READ_BYTES) {
    goOn()
    const [bytes] = await file.read([{ at, length: Math.min(READ_BYTES, file.size - at) }])
    for (const { cid, bytes: block, at: place } of reader.push(bytes!)) {
      const isNew = index.add(cid.subarray(-32), { at: place, length: block.length })
      if (!isNew || !mayBeNode(block) || nodeBytes + block.length > MAX_NODE_BYTES) continue
      nodeBytes += block.length
      nodes.set(place, Buffer.from(block))
    }
    if (index.size > maxBlocks) throw badRepo(`it has more than ${maxBlocks} blocks`)
  }
  reader.end()
  const find = (cid: string) => {
    const digest = cidDigest(cid)
    return digest && index.find(digest)
  }
  // There may be more, which say nothing about the repo (repository specification, "CAR File Serialization").
  const [first] = reader.roots!
  if (first === undefined) throw invalidRequest('expected one root')
  const root = find(first)
  if (root === undefined) throw badRepo('its commit is missing')
  const read = async (places: readonly BlockPlace[]) => {
    const known = places.map(({ at }) => nodes.get(at))
    return known.every((bytes) => bytes !== undefined) ? known : file.read(places)
  }
  return { root, blocks: { find, read } }
}

async function* batchesOf(tree: TreeNode, blocks: RepoBlocks): AsyncGenerator<StagedRecord[]> {
  let batch: { path: string; cid: string; place: BlockPlace }[] = []
  let bytes = 0
  for (const step of walk(tree)) {
    if (step.node !== undefined) continue
    const place = blocks.find(step.cid)!
    if (batch.length === BATCH_RECORDS || (bytes + place.length > BATCH_BYTES && bytes > 0)) {
      yield await readRecords(batch, blocks)
      batch = []
      bytes = 0
    }
    batch.push({ path: step.key, cid: step.cid, place })
    bytes += place.length
  }
  if (batch.length > 0) yield await readRecords(batch, blocks)
}

async function readRecords(
  batch: readonly { path: string; cid: string; place: BlockPlace }[],
  blocks: RepoBlocks,
): Promise<StagedRecord[]> {
  const read = await blocks.read(batch.map(({ place }) => place))
  const records: StagedRecord[] = []
  for (const [i, { path, cid }] of batch.entries()) {
    if (i % RECORDS_IN_TURN === RECORDS_IN_TURN - 1) await nextTurn()
    const bytes = read[i]!
    records.push({ path, cid, bytes, ...readRecord(blockValue(bytes), path) })
  }
  return records
}

/**
 * com.atproto.repo.importRepo: replaces the repo with one from a CAR file, or leaves it unchanged.
 *
 * 1. The file arrives in pages. Each block is checked against its CID; records go to a staging table in the order of
 *    arrival, and tree nodes stay in memory.
 * 2. After the last page: the commit must be this account's and signed by its key, its tree canonical and complete, and
 *    every record present.
 * 3. The records are copied in the order of their paths, in batches: the caller repeats `finishImport` until it is
 *    `done`.
 * 4. In the write lane, the staging tables replace the live ones, under a new commit that this account signs.
 *
 * Nothing changes before step 4. An unfinished import is lost if the process exits; the next activation cleans up after
 * it.
 */
import { randomUUID } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import { markChangedBlobs } from '#src/account/blobs/references.ts'
import { OpenImport, type Placing } from '#src/account/open-import.ts'
import { checkCommit } from '#src/account/repo/import-commit.ts'
import {
  createStagingTables,
  dropStagingTables,
  hasStagingTables,
  type PlacedRecord,
  placeRecords,
  type StagedBlock,
  stageBlocks,
  swapTables,
} from '#src/account/repo/import-staging.ts'
import { readTree } from '#src/account/repo/import-tree.ts'
import { repoSigner } from '#src/account/repo/signer.ts'
import { deleteStaleTakedowns } from '#src/account/takedowns.ts'
import { invalidRequest, unavailable } from '#src/errors.ts'
import { type Block, carFile } from '#src/protocol/car.ts'
import { signCommit } from '#src/protocol/commit.ts'
import { encodeSyncEvent } from '#src/protocol/events.ts'
import {
  badRepo,
  blockValue,
  isNodeShaped,
  readCommit,
  readRecord,
} from '#src/protocol/repo-blocks.ts'
import { cidOf } from '#src/protocol/tree.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { mustManage } from '#src/rules/states.ts'

// For tree nodes in memory: enough for a repo of half a million records.
const MAX_NODE_BYTES = 64 * 1024 * 1024
const BATCH_BYTES = 1024 * 1024
const BATCH_RECORDS = 2_000
const BATCHES_PER_CALL = 8
// For slow storage: a call must end before its caller times out.
const CALL_BUDGET_MS = 5_000

/** Throws 401 AccountTakedown if the account's state does not allow an import. */
export async function beginImport(account: Account): Promise<{ id: string }> {
  mustManage((await account.profile.get()).status)
  const { sql, lane } = account
  const head = await lane.head()
  const open = new OpenImport(randomUUID(), head)
  const previous = account.imports.open
  // From here on the previous import does nothing more, and no cleanup runs.
  account.imports.open = open
  await open.mutex.run(async () => {
    await previous?.mutex.idle()
    await sql.batch(await createStagingTables(sql))
  })
  return { id: open.id }
}

/** Adds page `n`, counted from 0, of at most 512 KiB. Idempotent. Throws 400 if the page is not part of a repo. */
export async function addImportPage(
  account: Account,
  { id, n, bytes }: { id: string; n: number; bytes: Uint8Array },
): Promise<void> {
  await runStep(account, id, async (open) => {
    if (n < open.pages) return
    if (n > open.pages) throw invalidRequest('A page of the import is missing')
    try {
      const staged = stagePage(open, bytes)
      if (staged.length > 0) await account.sql.batch(stageBlocks(staged))
      open.pages++
    } catch (error) {
      // Part of the page has been read, so it cannot be repeated.
      account.imports.open = undefined
      throw error
    }
  })
}

/**
 * Verifies the import with the `keys` (did:key) of the DID, and replaces the repo; repeat the call until it is `done`.
 * Throws 400 if the import is invalid, or if the repo was written to meanwhile.
 */
export async function finishImport(
  account: Account,
  { id, keys }: { id: string; keys: readonly string[] },
  key?: IdempotencyKey,
): Promise<{ done: boolean }> {
  return runStep(account, id, async (open) => {
    open.placing ??= await verify(account, open, keys)
    const { placing } = open
    const until = account.clock.now() + CALL_BUDGET_MS
    for (let i = 0; i < BATCHES_PER_CALL && placing.next < placing.paths.length; i++) {
      await placeSome(account, open, placing)
      if (account.clock.now() > until) break
    }
    if (placing.next < placing.paths.length) return { done: false }
    await replaceRepo(account, open, placing, key)
    account.imports.open = undefined
    // Leftovers are harmless: the next import drops them too.
    await account.sql.batch(dropStagingTables()).catch(() => {})
    return { done: true }
  })
}

export async function abortImport(account: Account, { id }: { id: string }): Promise<void> {
  const open = account.imports.open
  if (open !== undefined && open.id !== id) return
  account.imports.open = undefined
  await open?.mutex.idle()
  if (account.imports.open === undefined) await account.sql.batch(dropStagingTables())
}

export async function abortOpenImport(account: Account): Promise<void> {
  const open = account.imports.open
  if (open !== undefined) await abortImport(account, open)
}

/** Call it when the actor wakes: an import is lost with its process. */
export async function cleanUpImports(account: Account): Promise<void> {
  if (!(await hasStagingTables(account.sql))) return
  // An import that has begun meanwhile has dropped the old tables itself.
  if (account.imports.open === undefined) await account.sql.batch(dropStagingTables())
}

function runStep<T>(
  account: Account,
  id: string,
  work: (open: OpenImport) => Promise<T>,
): Promise<T> {
  const open = account.imports.open
  if (open?.id !== id) return Promise.reject(interrupted())
  return open.mutex.run(async () => {
    if (account.imports.open !== open) throw interrupted()
    return work(open)
  })
}

function interrupted() {
  return unavailable('The import was interrupted, please try again')
}

function stagePage(open: OpenImport, bytes: Uint8Array): StagedBlock[] {
  const blocks = open.reader.push(bytes)
  const { roots } = open.reader
  if (roots !== undefined && roots.length !== 1) throw invalidRequest('expected one root')
  return blocks.flatMap((block) => classifyBlock(open, block))
}

function classifyBlock(open: OpenImport, [cid, bytes]: Block): StagedBlock[] {
  if (cid === open.reader.roots?.[0]) {
    open.commit = bytes.slice()
    return []
  }
  if (open.blocks.has(cid) || open.nodes.has(cid)) return []
  const value = blockValue(bytes)
  if (value === undefined) throw badRepo(`block ${cid} is not DAG-CBOR`)
  if (isNodeShaped(value)) {
    open.nodeBytes += bytes.length
    if (open.nodeBytes > MAX_NODE_BYTES) throw badRepo('its tree is too large')
    open.nodes.set(cid, bytes.slice())
    return []
  }
  const id = open.sizes.length
  open.blocks.set(cid, id)
  open.sizes.push(bytes.length)
  return [{ id, bytes, ...readRecord(value) }]
}

async function verify(
  account: Account,
  open: OpenImport,
  keys: readonly string[],
): Promise<Placing> {
  open.reader.end()
  if (open.commit === undefined) throw badRepo('its commit is missing')
  const commit = readCommit(open.commit)
  await checkCommit(account, commit, keys)
  const imported = readTree(commit.data, open.nodes)
  for (const cid of imported.cids) {
    if (!open.blocks.has(cid)) throw badRepo(`record ${cid} is missing`)
  }
  open.nodes.clear()
  const { rev } = open.head
  const newest = [commit.rev, rev].toSorted().at(-1)!
  return { ...imported, rev: account.tids.next(newest), next: 0 }
}

async function placeSome({ sql }: Account, open: OpenImport, placing: Placing): Promise<void> {
  const { paths, cids, rev } = placing
  const records: PlacedRecord[] = []
  let bytes = 0
  let i = placing.next
  while (i < paths.length && records.length < BATCH_RECORDS && bytes < BATCH_BYTES) {
    const id = open.blocks.get(cids[i]!)!
    records.push([paths[i]!, cids[i]!, id])
    bytes += open.sizes[id]!
    i++
  }
  await sql.batch(placeRecords(records, rev))
  placing.next = i
}

async function replaceRepo(
  account: Account,
  open: OpenImport,
  placing: Placing,
  key: IdempotencyKey | undefined,
): Promise<void> {
  const { blobs, did, clock, lane, profile, directoryMirror } = account
  blobs.noteReferences()
  await lane.write(async ({ head }) => {
    const { status } = await profile.get()
    mustManage(directoryMirror.pendingStatus ?? status)
    // An earlier attempt was committed, and only its answer was lost.
    if (head.rev === placing.rev) return { answer: undefined, head, statements: [], events: [] }
    if (head.cid !== open.head.cid) {
      throw invalidRequest('The repo was written to during the import, please try again')
    }
    const signer = await repoSigner(account)
    const commit = signCommit(did, placing.rev, cidOf(placing.tree), signer)
    const time = new Date(clock.now()).toISOString()
    const car = carFile(commit.cid, [[commit.cid, commit.block]])
    const sync = encodeSyncEvent({ did, time, commit: commit.cid, rev: commit.rev, blocks: car })
    return {
      answer: undefined,
      head: { ...commit, tree: placing.tree },
      statements: [
        ...swapTables(),
        markChangedBlobs(),
        deleteStaleTakedowns(),
        ...account.idempotencyKeys.markUsed(key, { done: true }),
      ],
      onDurable: () => blobs.reconcile(),
      // An account that is not active emits no repo events before its activation.
      events: status === 'active' ? [sync] : [],
    }
  })
}

/**
 * com.atproto.repo.importRepo: replaces the repo with one from a CAR file, or leaves it unchanged.
 *
 * 1. The file arrives in pages, which go to a temporary file.
 * 2. After the last page: every block is checked against its CID; the commit must be this account's and signed by its
 *    key, its tree canonical and complete, and every record readable. Blocks that the tree does not name are ignored.
 * 3. The records go to staging tables, in the order of their paths and in batches. The caller repeats `finishImport`
 *    until it is `done`. Few imports at a time do steps 2 and 3; the others wait.
 * 4. In the write lane, the staging tables replace the live ones, under a new commit that this account signs.
 *
 * Nothing changes before step 4. An unfinished import is lost if the process exits; the next activation cleans up after
 * it.
 */
import { randomUUID } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import { markChangedBlobs } from '#src/account/blobs/references.ts'
import { type ImportAddition, OpenImport, type PreparedImport } from '#src/account/open-import.ts'
import { restartHistory } from '#src/account/past.ts'
import {
  dropStagingTables,
  hasStagingTables,
  swapTables,
} from '#src/account/repo/import-staging.ts'
import { prepareImport } from '#src/account/repo/prepare-import.ts'
import { repoSigner } from '#src/account/repo/signer.ts'
import { deleteStaleTakedowns } from '#src/account/takedowns.ts'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import { carFile } from '#src/protocol/car.ts'
import { signCommit } from '#src/protocol/commit.ts'
import { encodeSyncEvent } from '#src/protocol/events.ts'
import { cidOf } from '#src/protocol/tree.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { mustManage } from '#src/rules/states.ts'

// A call must end before its caller times out.
const CALL_BUDGET_MS = 5_000

/** Throws 401 AccountTakedown if the account's state does not allow an import, and 503 if there are too many. */
export async function beginImport(account: Account): Promise<{ id: string }> {
  mustManage((await account.profile.get()).status)
  const head = await account.lane.head()
  const file = await account.importLimits.spool.open()
  const open = new OpenImport(randomUUID(), head, file)
  const previous = account.imports.open
  // From here on the previous import does nothing more, and no cleanup runs.
  account.imports.open = open
  if (previous !== undefined) await open.mutex.run(() => end(previous))
  return { id: open.id }
}

/** Adds page `n`, counted from 0, of at most 512 KiB. Idempotent. Throws 503 or 507 if there is no room for it. */
export async function addImportPage(
  account: Account,
  { id, n, bytes }: { id: string; n: number; bytes: Uint8Array },
): Promise<void> {
  await runStep(account, id, async (open) => {
    if (n < open.pages) return
    if (n > open.pages || open.preparing !== undefined)
      throw invalidRequest('A page of the import is missing')
    try {
      await open.file.append(bytes)
      open.pages++
    } catch (error) {
      // Part of the page may be in the file, so it cannot be repeated.
      account.imports.open = undefined
      await open.file.close()
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
    open.preparing ??= startPreparing(account, open, keys)
    const { preparing, interruption } = open
    const prepared = await inTime(account, Promise.race([preparing, interruption.promise]))
    if (prepared === undefined) return { done: false }
    await replaceRepo(account, open, prepared, key)
    account.imports.open = undefined
    return { done: true }
  })
}

function startPreparing(
  account: Account,
  open: OpenImport,
  keys: readonly string[],
): Promise<PreparedImport> {
  const goOn = () => {
    if (account.imports.open !== open) throw interrupted()
  }
  const preparing = account.importLimits.slots.run(async () => {
    const work = prepareImport(account, open, keys, goOn)
    open.working = work
    const prepared = await work
    await open.file.close()
    return prepared
  })
  preparing.catch((error: unknown) => {
    // After a failure of the database the next call begins again.
    if (!(error instanceof XrpcError)) open.preparing = undefined
  })
  return preparing
}

// Undefined if it takes longer than a call may.
function inTime<T>({ timer }: Account, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = timer(CALL_BUDGET_MS, () => resolve(undefined))
    work.then(resolve, reject).finally(cancel)
  })
}

export async function abortImport(account: Account, { id }: { id: string }): Promise<void> {
  const open = account.imports.open
  if (open === undefined || open.id !== id) return
  account.imports.open = undefined
  await end(open)
  if (account.imports.open === undefined) await account.sql.batch(dropStagingTables())
}

// Waits until it uses neither the database nor its file.
async function end(open: OpenImport): Promise<void> {
  open.interruption.reject(interrupted())
  await open.mutex.idle()
  await open.working?.catch(() => {})
  await open.file.close()
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

/** Runs a step of the open import, one at a time. Throws 503 if it has ended. */
export function runStep<T>(
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

async function replaceRepo(
  account: Account,
  open: OpenImport,
  { tree, rev }: PreparedImport,
  key: IdempotencyKey | undefined,
): Promise<void> {
  const { blobs, did, clock, lane, profile, directoryMirror } = account
  blobs.noteReferences()
  let addition: ImportAddition | undefined
  const replace = lane.write(async ({ head }) => {
    const { status } = await profile.get()
    mustManage(directoryMirror.pendingStatus ?? status)
    // An earlier attempt was committed, and only its answer was lost.
    if (head.rev === rev) return { answer: undefined, head, statements: [], events: [] }
    if (head.cid !== open.head.cid) {
      throw invalidRequest('The repo was written to during the import, please try again')
    }
    const signer = await repoSigner(account)
    const commit = signCommit(did, rev, cidOf(tree), signer)
    addition?.onEnd()
    addition = await open.addition?.(commit.rev)
    const time = new Date(clock.now()).toISOString()
    const car = carFile(commit.cid, [[commit.cid, commit.block]])
    const sync = encodeSyncEvent({ did, time, commit: commit.cid, rev: commit.rev, blocks: car })
    return {
      answer: undefined,
      head: { ...commit, tree },
      statements: [
        ...(addition?.statements ?? []),
        ...swapTables(),
        markChangedBlobs(),
        deleteStaleTakedowns(),
        ...restartHistory(commit),
        ...account.idempotencyKeys.markUsed(key, { done: true }),
      ],
      onDurable: () => {
        // Their records are in tables that are gone.
        account.snapshots.closeAll()
        blobs.reconcile()
      },
      // An account that is not active emits no repo events before its activation.
      events: status === 'active' ? [sync] : [],
    }
  })
  await replace.finally(() => addition?.onEnd())
}

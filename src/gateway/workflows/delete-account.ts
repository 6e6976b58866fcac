/**
 * The deletion of an account, step by step.
 *
 * 1. The account erases what it keeps and says so with an event, in one transaction: from here on it is deleted.
 * 2. The directory hears of it, then the firehose, and its blobs go.
 * 3. The directory forgets it: handle and email are free.
 *
 * Every step may be repeated. Whoever dies after 1 leaves an account that the directory lists as due, or that is
 * reminded of its event and tells the directory; `sweepDue` does the rest.
 */

import type { DeletionDue } from '#src/account/lifecycle/deletion-due.ts'
import type { DidCheckDeps } from '#src/gateway/workflows/did-check.ts'
import { isHostedHere } from '#src/gateway/workflows/did-check.ts'
import type { Log } from '#src/log.ts'

export interface DeletionDeps {
  dispatch: {
    account(did: string): {
      lifecycle: {
        end(): Promise<void>
        leave(): Promise<void>
        deletionDue(): Promise<DeletionDue>
      }
    }
    directory: {
      accounts: {
        listDueDeletions(input: { after: string; limit: number }): Promise<string[]>
        removeDeleted(input: { did: string }): Promise<unknown>
      }
    }
  }
  log: Pick<Log, 'info' | 'warn'>
}

/** Resolves when the account is deleted, and if nothing is in the way when nothing is left of it. */
export async function deleteAccount(deps: DeletionDeps, did: string): Promise<void> {
  await deps.dispatch.account(did).lifecycle.end()
  try {
    await finishDeletion(deps, did)
  } catch (error) {
    deps.log.warn({ did, err: error }, 'what is left of a deleted account is swept up later')
  }
}

/** Steps 2 and 3. */
async function finishDeletion({ dispatch }: DeletionDeps, did: string): Promise<void> {
  await dispatch.account(did).lifecycle.leave()
  await dispatch.directory.accounts.removeDeleted({ did })
}

const PAGE = 100

/** Deletes the accounts whose time has come, and finishes what was begun. One that fails is tried again the next time. */
export async function deleteDueAccounts(
  deps: DeletionDeps & Omit<DidCheckDeps, 'plc'>,
  isStopped: () => boolean,
): Promise<void> {
  for (let after = ''; ; ) {
    const dids = await deps.dispatch.directory.accounts.listDueDeletions({ after, limit: PAGE })
    for (const did of dids) {
      if (isStopped()) return
      try {
        await deleteIfDue(deps, did)
      } catch (error) {
        deps.log.warn({ did, err: error }, 'an account that is due could not be deleted yet')
      }
    }
    if (dids.length < PAGE) return
    after = dids.at(-1)!
  }
}

async function deleteIfDue(
  deps: DeletionDeps & Omit<DidCheckDeps, 'plc'>,
  did: string,
): Promise<void> {
  const { due, neverActive } = await deps.dispatch.account(did).lifecycle.deletionDue()
  if (due === 'deleted') return finishDeletion(deps, did)
  if (due === 'no') return
  // Its owner has moved here, and only forgot to say so: there may be no other copy.
  if (neverActive && (await isHostedHere(deps, did))) return
  deps.log.info({ did }, 'an account is deleted: its time has come')
  await deleteAccount(deps, did)
}

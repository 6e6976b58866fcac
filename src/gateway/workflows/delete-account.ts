/**
 * Deletes an account.
 *
 * 1. The account erases its data and writes its #account event, in one transaction: from here on it is deleted.
 * 2. The new status is pushed to the directory, then the event is sequenced, and its blobs are deleted.
 * 3. The directory removes the account: handle and email are free.
 *
 * Every step may be repeated. If the process exits after 1, the directory lists the account as due, or learns its
 * status when a reminder makes the account deliver its event; `deleteDueAccounts` does the rest.
 */

import type { DeletionDue } from '#src/account/lifecycle/deletion-due.ts'
import type { DidCheckPorts } from '#src/gateway/identity/did-check.ts'
import { isHostedHere } from '#src/gateway/identity/did-check.ts'
import type { Log } from '#src/log.ts'

export interface DeletionPorts {
  dispatch: {
    account(did: string): {
      lifecycle: {
        deleteAccount(): Promise<void>
        finishDeletion(): Promise<void>
        getDeletionDue(): Promise<DeletionDue>
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

/** Resolves when the account is deleted (step 1); steps 2 and 3 are resumed later if they fail. */
export async function deleteAccount(ports: DeletionPorts, did: string): Promise<void> {
  await ports.dispatch.account(did).lifecycle.deleteAccount()
  try {
    await finishDeletion(ports, did)
  } catch (error) {
    ports.log.warn({ did, err: error }, 'account deletion unfinished, will be resumed')
  }
}

/** Steps 2 and 3. */
async function finishDeletion({ dispatch }: DeletionPorts, did: string): Promise<void> {
  await dispatch.account(did).lifecycle.finishDeletion()
  await dispatch.directory.accounts.removeDeleted({ did })
}

const PAGE_SIZE = 100

/** Also resumes unfinished deletions; the next run retries failures. */
export async function deleteDueAccounts(
  ports: DeletionPorts & Omit<DidCheckPorts, 'plc'>,
  isStopped: () => boolean,
): Promise<void> {
  for (let after = ''; ; ) {
    const dids = await ports.dispatch.directory.accounts.listDueDeletions({
      after,
      limit: PAGE_SIZE,
    })
    for (const did of dids) {
      if (isStopped()) return
      try {
        await deleteIfDue(ports, did)
      } catch (error) {
        ports.log.warn({ did, err: error }, 'deleting a due account failed, will be retried')
      }
    }
    if (dids.length < PAGE_SIZE) return
    after = dids.at(-1)!
  }
}

async function deleteIfDue(
  ports: DeletionPorts & Omit<DidCheckPorts, 'plc'>,
  did: string,
): Promise<void> {
  const { due, neverActive } = await ports.dispatch.account(did).lifecycle.getDeletionDue()
  if (due === 'deleted') return finishDeletion(ports, did)
  if (due === 'no') return
  // Its DID points here, although the owner has not activated it: this may be the only copy.
  if (neverActive && (await isHostedHere(ports, did))) return
  ports.log.info({ did }, 'account deleted: deleteAfter reached')
  await deleteAccount(ports, did)
}

/** Whether an account is due for deletion: the directory lists candidates, and the account confirms. */
import type { Account } from '#src/account/account.ts'

export interface DeletionDue {
  due: 'no' | 'yes' | 'deleted'
  neverActive: boolean
}

/**
 * A deactivated account is due after `deleteAfter`; one that was taken down is kept, so that a takedown cannot be
 * evaded. `deleted` means that the cleanup of a deleted account is to be finished.
 */
export async function getDeletionDue({
  clock,
  profile,
  directoryMirror,
}: Account): Promise<DeletionDue> {
  const row = await profile.get()
  const { status, deleteAfter, deactivatedAt, createdAt } = row
  const neverActive = deactivatedAt === createdAt
  if (status === 'deleted') return { due: 'deleted', neverActive }
  const isPast = deleteAfter !== null && Date.parse(deleteAfter) <= clock.now()
  if (status === 'deactivated' && isPast) return { due: 'yes', neverActive }
  // The directory's state is stale, or it asked too early.
  await directoryMirror.pushAgain()
  return { due: 'no', neverActive }
}

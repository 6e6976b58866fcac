/** Whether an account is due for deletion: the directory lists candidates, and the account confirms. */
import type { Account } from '#src/account/account.ts'

export interface DeletionDue {
  /** `deleted`: the account is deleted, and its cleanup is to be finished. */
  due: 'no' | 'yes' | 'deleted'
  neverActive: boolean
}

/**
 * A deactivated account is due after `deleteAfter`; one that was taken down is kept, so that a takedown cannot be
 * evaded.
 */
export async function getDeletionDue({
  clock,
  profile,
  directoryMirror,
}: Account): Promise<DeletionDue> {
  const row = await profile.get()
  const { status, deleteAfter, deactivatedAt, createdAt } = row
  const arrived = deactivatedAt === createdAt
  if (status === 'deleted') return { due: 'deleted', neverActive: arrived }
  const isOver = deleteAfter !== null && Date.parse(deleteAfter) <= clock.now()
  if (status === 'deactivated' && isOver) return { due: 'yes', neverActive: arrived }
  // The directory's state is stale, or it asked too early.
  await directoryMirror.pushAgain()
  return { due: 'no', neverActive: arrived }
}

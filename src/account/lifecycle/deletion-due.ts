/** Whether an account's time has come: what the directory lists, the account itself must confirm. */
import type { Account } from '#src/account/account.ts'

export interface DeletionDue {
  /** `deleted`: it is, and what is left of it is to be swept up. */
  due: 'no' | 'yes' | 'deleted'
  /** It came from elsewhere, and was never active here. */
  neverActive: boolean
}

/** A deactivated account is due when `deleteAfter` is over; one that was taken down stays, so that nobody evades that. */
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
  // The directory asks because it has heard otherwise, or too early.
  await directoryMirror.pushAgain()
  return { due: 'no', neverActive: arrived }
}

/** Whether an account's time has come: what the directory lists, the account itself must confirm. */
import type { Account } from '#src/account/account.ts'

export interface Due {
  /** `deleted`: it is, and what is left of it is to be swept up. */
  due: 'no' | 'yes' | 'deleted'
  /** It came from elsewhere, and was never active here. */
  arrived: boolean
}

/** A deactivated account is due when `deleteAfter` is over; one that was taken down stays, so that nobody evades that. */
export async function dueness({ clock, profile, standing }: Account): Promise<Due> {
  const row = await profile.get()
  const { status, deleteAfter, deactivatedAt, createdAt } = row
  const arrived = deactivatedAt === createdAt
  if (status === 'deleted') return { due: 'deleted', arrived }
  const isOver = deleteAfter !== null && Date.parse(deleteAfter) <= clock.now()
  if (status === 'deactivated' && isOver) return { due: 'yes', arrived }
  // The directory asks because it has heard otherwise, or too early.
  await standing.tellAgain()
  return { due: 'no', arrived }
}

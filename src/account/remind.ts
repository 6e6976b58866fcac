/** Handles the reminder that an account may have undelivered events. */
import type { Account } from '#src/account/account.ts'

export async function remind(account: Account): Promise<void> {
  const { outbox, privateOutbox, membershipMirror, reminder, profile } = account
  // Reminder and initial state are removed when the actor sleeps, so the account must have been provisioned first.
  const row = await profile.find()
  if (row === undefined) return
  outbox.resume()
  privateOutbox.resume()
  membershipMirror.resume()
  // The directory deletes the reminder with the account, and must not get it back after that.
  if (row.status !== 'deleted') await reminder.renew()
}

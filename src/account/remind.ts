/** Handles the reminder that an account may have undelivered events. */
import type { Account } from '#src/account/account.ts'

export async function remind({ outbox, privateOutbox, reminder, profile }: Account): Promise<void> {
  // Reminder and initial state are removed when the actor sleeps, so the account must have been provisioned first.
  const row = await profile.find()
  if (row === undefined) return
  outbox.resume()
  privateOutbox.resume()
  // The directory deletes the reminder with the account, and must not get it back after that.
  if (row.status !== 'deleted') await reminder.renew()
}

/** Handles the reminder that an account may have undelivered events. */
import type { Account } from '#src/account/account.ts'

export async function remind({ outbox, profile }: Account): Promise<void> {
  // Reminder and initial state are removed when the actor sleeps, so the account must have been provisioned first.
  if ((await profile.find()) === undefined) return
  outbox.onReminder()
}

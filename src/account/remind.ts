/** What an account does when it gets its reminder that it may have undelivered events. */
import type { Account } from '#src/account/account.ts'

export async function remind({ outbox, profile }: Account): Promise<void> {
  // Reminder and initial state are removed when the actor sleeps, so the account must have been provisioned first.
  if ((await profile.find()) === undefined) return
  outbox.onReminder()
}

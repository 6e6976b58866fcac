/** What an account does when it is reminded that it may have events to deliver. */
import type { Account } from '#src/account/account.ts'

export async function remind({ outbox, profile }: Account): Promise<void> {
  // Its reminder goes when it sleeps, and its birth with it: so it must have been born.
  if ((await profile.find()) === undefined) return
  outbox.onReminder()
}

/** Starts the actors of this process on their engine, and stops them. */

import { createRegistry, type Engine } from '#actors/registry.ts'
import { startReminders } from '#actors/remind.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { startBlobSweeps } from '#actors/sweep-blobs.ts'
import type { Account } from '#src/account/account.ts'
import { waitUntilJoined } from '#src/engine/wait-until-joined.ts'

export async function startActors(
  settings: ActorSettings,
  engine: Engine,
): Promise<{ stop(): Promise<void> }> {
  const registry = createRegistry(settings, engine)
  const since = settings.clock.now()
  registry.start()
  if (!(await waitUntilJoined(engine, since))) {
    settings.log.warn('the engine does not know this process yet; the first calls may take long')
  }
  const endReminders = startReminders(settings)
  const endBlobSweeps = startBlobSweeps(settings)
  return {
    stop: async () => {
      endReminders()
      endBlobSweeps()
      await endAccounts(settings)
      await registry.shutdown()
    },
  }
}

/** Ends all accounts at once, so that they need not ask the directory one by one while it goes away too. */
async function endAccounts({ live, dispatch, log }: ActorSettings): Promise<void> {
  const accounts = live.list('account').map(({ subject }) => subject as Account)
  const dids = accounts.filter(({ outbox }) => outbox.close()).map(({ did }) => did)
  if (dids.length === 0) return
  await dispatch.directory.reminders
    .remove({ dids })
    .catch((error) => log.warn({ err: error }, 'needless reminders stay'))
}

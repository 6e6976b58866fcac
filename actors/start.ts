/** Starts the actors of this process on their engine, and stops them. */
import { createRegistry, type Engine } from '#actors/registry.ts'
import { startReminders } from '#actors/remind.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { startBlobSweeps } from '#actors/sweep-blobs.ts'
import type { Account } from '#src/account/account.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import { AwakeLimit } from '#src/engine/awake-limit.ts'
import { joinWithKey } from '#src/engine/own-envoy.ts'
import { waitUntilJoined } from '#src/engine/wait-until-joined.ts'

export interface RunningActors {
  /** By which the engine knows this process, some time after the start; undefined if that is not known. */
  envoyKey: Promise<string | undefined>
  stop(): Promise<void>
}

export async function startActors(settings: ActorSettings, engine: Engine): Promise<RunningActors> {
  const registry = createRegistry(settings, engine)
  const since = settings.clock.now()
  const { envoyKey } = await joinWithKey(engine, () => {
    registry.start()
    return registry.startAndWait()
  })
  if (!(await waitUntilJoined(engine, since))) {
    settings.log.warn('the engine has not registered this process yet: the first calls may be slow')
  }
  const endAwakeLimit = new AwakeLimit(settings).start()
  const stopReminders = startReminders(settings)
  const stopBlobSweeps = startBlobSweeps(settings)
  return {
    envoyKey,
    stop: async () => {
      endAwakeLimit()
      stopReminders()
      stopBlobSweeps()
      await endAccounts(settings)
      await registry.shutdown()
    },
  }
}

/**
 * Removes all reminders in one call: the directory may stop before the accounts could ask it one by one. The other
 * processes send those that stay.
 */
async function endAccounts({ live, dispatch, log, processId }: ActorSettings): Promise<void> {
  const accounts = live.list('account').map(({ subject }) => subject as Account)
  const dids = accounts.filter(closeOutboxes).map(({ did }) => did)
  if (accounts.length === 0) return
  await dispatch.directory.reminders
    .remove({ dids, process: processId, isStopping: true })
    .catch((error) =>
      log.warn({ err: error }, 'removing reminders failed: they only wake the accounts once more'),
    )
}

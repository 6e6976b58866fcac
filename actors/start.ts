/** Starts the actors of this process on their engine, and stops them. */
import { setTimeout as pause } from 'node:timers/promises'
import { createRegistry } from '#actors/registry.ts'
import { startReminders } from '#actors/remind.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { startBlobSweeps } from '#actors/sweep-blobs.ts'
import { startWebhooks } from '#actors/wake-webhooks.ts'
import type { Account } from '#src/account/account.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import { AwakeLimit } from '#src/engine/awake-limit.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import { findMarkedEnvoy, markOwnEnvoy } from '#src/engine/own-envoy.ts'

/** An actor that is called before any process has joined waits for many seconds. */
const JOIN_TIMEOUT_MS = 10_000

export interface RunningActors {
  /** By which the engine knows this process; undefined if it has stopped before the engine knew it. Never rejected. */
  envoyKey: Promise<string | undefined>
  stop(): Promise<void>
}

export async function startActors(
  settings: ActorSettings,
  engine: EngineAddress,
  /** At rest the actors only answer calls. */
  { isAtRest = false }: { isAtRest?: boolean } = {},
): Promise<RunningActors> {
  const registry = createRegistry(settings, engine)
  const stopping = new AbortController()
  const mark = await markOwnEnvoy()
  registry.start()
  const envoyKey = findMarkedEnvoy(engine, mark, stopping.signal)
  const tooLate = pause(JOIN_TIMEOUT_MS, undefined, { ref: false })
  if ((await Promise.race([envoyKey, tooLate])) === undefined) {
    settings.log.warn('the engine has not registered this process yet: the first calls may be slow')
  }
  const endAwakeLimit = new AwakeLimit(settings).start()
  const tasks = isAtRest ? [] : [startReminders, startBlobSweeps, startWebhooks]
  const stopTasks = tasks.map((start) => start(settings))
  return {
    envoyKey,
    stop: async () => {
      stopping.abort()
      endAwakeLimit()
      for (const stop of stopTasks) stop()
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

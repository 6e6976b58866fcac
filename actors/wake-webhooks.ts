/**
 * Wakes the actors of webhooks that the directory lists, at the start and every 20 s, since neither calls nor events wake
 * them. Without any, that is one call to the directory.
 */
import type { ActorSettings } from '#actors/settings.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

const INTERVAL_MS = 20_000
/** After a crash it takes some seconds until the engine lets actors wake in another process. */
const RETRY_MS = 2_000
const PAGE = 200

/** Starts at once; the function it returns stops it. */
export function startWebhooks(settings: ActorSettings): () => void {
  return startPeriodicTask(settings.timer, async (isStopped) => {
    const isDone = await wakeAll(settings, isStopped).catch((error) => {
      if (!isStopped()) settings.log.warn({ err: error }, 'listing webhooks failed')
      return false
    })
    return isDone ? INTERVAL_MS : RETRY_MS
  })
}

/** Returns false if an actor could not be woken. */
async function wakeAll(
  { dispatch, log }: Pick<ActorSettings, 'dispatch' | 'log'>,
  isStopped: () => boolean,
): Promise<boolean> {
  let isDone = true
  for (let after = ''; !isStopped(); ) {
    const owners = await dispatch.directory.webhookOwners.list({ after, limit: PAGE })
    for (const owner of owners) {
      if (isStopped()) break
      try {
        await dispatch.webhooks(owner).feed.resume()
      } catch (error) {
        isDone = false
        if (!isStopped()) log.warn({ owner, err: error }, 'waking webhooks failed')
      }
    }
    if (owners.length < PAGE) break
    after = owners.at(-1)!
  }
  return isDone
}

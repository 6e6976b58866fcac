/**
 * Wakes the webhooks that the directory lists, at the start and every 20 s: no call and no event does. Without any, that
 * is one question to the directory.
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
    try {
      await wakeAll(settings, isStopped)
      return INTERVAL_MS
    } catch (error) {
      if (!isStopped()) settings.log.warn({ err: error }, 'waking webhooks failed, will be retried')
      return RETRY_MS
    }
  })
}

async function wakeAll(
  { dispatch }: Pick<ActorSettings, 'dispatch'>,
  isStopped: () => boolean,
): Promise<void> {
  for (let after = ''; !isStopped(); ) {
    const owners = await dispatch.directory.webhookOwners.list({ after, limit: PAGE })
    for (const owner of owners) {
      if (!isStopped()) await dispatch.webhooks(owner).feed.resume()
    }
    if (owners.length < PAGE) return
    after = owners.at(-1)!
  }
}

/**
 * Wakes the actors of webhooks that the directory lists, at the start and every 20 s, since neither calls nor events wake
 * them, and passes on to them the events that the directory keeps for them. Without any, that is one call to the directory.
 */
import type { ActorSettings } from '#actors/settings.ts'
import type { WebhookEvent } from '#src/directory/webhook-events.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { EventType } from '#src/webhooks/event-filter.ts'

const INTERVAL_MS = 20_000
/** After a crash it takes some seconds until the engine lets actors wake in another process. */
const RETRY_MS = 2_000
const PAGE = 200

/** Starts at once; the function it returns stops it. */
export function startWebhooks(settings: ActorSettings): () => void {
  return startPeriodicTask(settings.timer, async (isStopped) => {
    try {
      const { count, areAwake } = await wakeAll(settings, isStopped)
      const isDone = count === 0 || (await passOnEvents(settings, isStopped))
      return areAwake && isDone ? INTERVAL_MS : RETRY_MS
    } catch (error) {
      if (!isStopped()) settings.log.warn({ err: error }, 'listing webhooks failed')
      return RETRY_MS
    }
  })
}

/** `count` is the number of owners, `areAwake` whether all of their actors could be woken. */
async function wakeAll(
  { dispatch, log }: Pick<ActorSettings, 'dispatch' | 'log'>,
  isStopped: () => boolean,
): Promise<{ count: number; areAwake: boolean }> {
  let count = 0
  let areAwake = true
  for (let after = ''; !isStopped(); ) {
    const owners = await dispatch.directory.webhookOwners.list({ after, limit: PAGE })
    count += owners.length
    for (const owner of owners) {
      if (isStopped()) break
      try {
        await dispatch.webhooks(owner).feed.resume()
      } catch (error) {
        areAwake = false
        if (!isStopped()) log.warn({ owner, err: error }, 'waking webhooks failed')
      }
    }
    if (owners.length < PAGE) break
    after = owners.at(-1)!
  }
  return { count, areAwake }
}

/**
 * A row is removed when the webhooks have stored its message, and passed on again if that is unknown. If an endpoint of an
 * owner has no room, all of the owner's wait. Returns false if an actor could not be reached.
 */
export async function passOnEvents(
  { dispatch, log }: Pick<ActorSettings, 'dispatch' | 'log'>,
  isStopped: () => boolean,
): Promise<boolean> {
  const { webhookEvents } = dispatch.directory
  const waiting = new Set<string>()
  let isDone = true
  for (let after = 0; !isStopped(); ) {
    const page = await webhookEvents.list({ after, limit: PAGE })
    const stored: WebhookEvent[] = []
    for (const event of page) {
      const { owner, id, type, time, data } = event
      if (isStopped() || waiting.has(owner)) continue
      const message = { id, type: type as EventType, time, data }
      try {
        const { hasRoom } = await dispatch.webhooks(owner).deliveries.notify(message)
        if (hasRoom) stored.push(event)
        else waiting.add(owner)
      } catch (error) {
        isDone = false
        waiting.add(owner)
        if (!isStopped()) log.warn({ owner, err: error }, 'passing an event to webhooks failed')
      }
    }
    if (stored.length > 0) await webhookEvents.remove({ events: stored })
    if (page.length < PAGE) break
    after = page.at(-1)!.row
  }
  return isDone
}

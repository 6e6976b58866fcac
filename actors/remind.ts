/** Wakes accounts that may have events to deliver and that may get no other call: at the start and every minute. */
import type { ActorSettings } from '#actors/settings.ts'
import type { Account } from '#src/account/account.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

/** Far longer than a delivery takes: this is for accounts whose process exited. */
const INTERVAL_MS = 60_000
/** After a crash it takes some seconds until the engine lets accounts wake in another process. */
const RETRY_MS = 5_000
const PAGE = 200
const AT_ONCE = 4

/** Starts at once; the function it returns stops it. */
export function startReminders(settings: ActorSettings): () => void {
  return startPeriodicTask(settings.timer, async (isStopped) => {
    const isDone = await remindAll(settings, isStopped).catch((error) => {
      settings.log.warn({ err: error }, 'listing accounts with undelivered events failed')
      return false
    })
    return isDone ? INTERVAL_MS : RETRY_MS
  })
}

/** False if an account could not be reached. Its reminder stays. */
async function remindAll(settings: ActorSettings, isStopped: () => boolean): Promise<boolean> {
  const { dispatch, log } = settings
  let isDone = true
  for (let after = ''; !isStopped(); ) {
    const dids = await dispatch.directory.reminders.list({ after, limit: PAGE })
    const waiting = [...dids]
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let did = waiting.pop(); did !== undefined && !isStopped(); did = waiting.pop()) {
          try {
            if (!(await isAwake(settings, did))) await dispatch.account(did).outbox.remind()
          } catch (error) {
            isDone = false
            log.warn({ did, err: error }, 'waking an account with undelivered events failed')
          }
        }
      }),
    )
    if (dids.length < PAGE) break
    after = dids.at(-1)!
  }
  return isDone
}

/** An account that is awake here delivers by itself. RivetKit does not announce the end of every activation, so its database is read. */
async function isAwake({ live }: ActorSettings, did: string): Promise<boolean> {
  const actor = live.find('account', did)
  if (actor === undefined) return false
  try {
    // A call would keep it from falling asleep.
    await (actor.subject as Account).sql.first('SELECT 1')
  } catch (error) {
    if (isActorStopped(error)) live.remove('account', did, actor)
  }
  return live.find('account', did) !== undefined
}

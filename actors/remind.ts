/** Reminds accounts that may have events to deliver, and that nobody may ever call again: at the start, and now and then. */
import type { ActorSettings } from '#actors/settings.ts'
import type { Account } from '#src/account/account.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

/** Far longer than a healthy delivery takes: this is for accounts whose process died. */
const INTERVAL_MS = 60_000
/** After a crash the engine takes some seconds until it lets accounts wake elsewhere. */
const RETRY_MS = 5_000
const PAGE = 200
const AT_ONCE = 4

/** Starts at once; the function it returns stops it. */
export function startReminders(settings: ActorSettings): () => void {
  return startPeriodicTask(settings.timer, async (isStopped) => {
    const isDone = await remindAll(settings, isStopped).catch((error) => {
      settings.log.warn({ err: error }, 'accounts could not be reminded of their events')
      return false
    })
    return isDone ? INTERVAL_MS : RETRY_MS
  })
}

/** False where somebody could not be reached, and is still noted. */
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
            log.warn({ did, err: error }, 'an account could not be reminded of its events')
          }
        }
      }),
    )
    if (dids.length < PAGE) break
    after = dids.at(-1)!
  }
  return isDone
}

/** Who is awake here delivers by itself; but not every life is told of its end, so it is asked. */
async function isAwake({ live }: ActorSettings, did: string): Promise<boolean> {
  const actor = live.find('account', did)
  if (actor === undefined) return false
  try {
    // Not by a call, which would keep it from falling asleep.
    await (actor.subject as Account).sql.first('SELECT 1')
  } catch (error) {
    if (isActorStopped(error)) live.remove('account', did, actor)
  }
  return live.find('account', did) !== undefined
}

/**
 * Wakes accounts that may have events to deliver and that may get no other call: at the start and every 20 s. The
 * directory lists those of this process, and those of processes that do not ask for theirs any more.
 *
 * New accounts have a lane of their own, because thousands may be created at once: then they are woken one at a time,
 * and three quarters of the time are left to other calls. While they are being created, the directory lists none.
 */
import type { ActorSettings } from '#actors/settings.ts'
import type { Account } from '#src/account/account.ts'
import { isActorStopped } from '#src/engine/going-away.ts'
import { restAfter } from '#src/ports/pause.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

/** The directory counts a process as stopped if it does not ask three times in a row (`RunningProcesses`). */
const INTERVAL_MS = 20_000
/** After a crash it takes some seconds until the engine lets accounts wake in another process. */
const RETRY_MS = 5_000
const PAGE = 200
/** Of new accounts, if there are many: then the directory is asked again whether more are being created. */
const PACED_PAGE = 10
const AT_ONCE = 4
/** After a wake of a new account, if there are many. */
const REST = { times: 3, maxMs: 1_000 }

/** Starts at once; the function it returns stops it. */
export function startReminders(settings: ActorSettings): () => void {
  const { timer, log } = settings
  const stopAsking = startPeriodicTask(
    timer,
    // By itself, because accounts that do not answer would make this process seem to have stopped.
    async () => {
      await listReminders(settings, { after: '', limit: 1 }).catch((error) =>
        log.warn({ err: error }, 'telling the directory that this process is running failed'),
      )
      return INTERVAL_MS
    },
    { firstMs: INTERVAL_MS },
  )
  const stopReminding = [false, true].map((isNew) =>
    startPeriodicTask(timer, async (isStopped) => {
      const isDone = await remindAll(settings, isNew, isStopped).catch((error) => {
        log.warn({ err: error }, 'listing accounts with undelivered events failed')
        return false
      })
      return isDone ? INTERVAL_MS : RETRY_MS
    }),
  )
  return () => {
    stopAsking()
    for (const stop of stopReminding) stop()
  }
}

function listReminders(
  { dispatch, processId }: ActorSettings,
  page: { after: string; limit: number; isNew?: boolean },
): Promise<string[]> {
  return dispatch.directory.reminders.list({ ...page, process: processId })
}

/** False if an account could not be reached. Its reminder stays. */
async function remindAll(
  settings: ActorSettings,
  isNew: boolean,
  isStopped: () => boolean,
): Promise<boolean> {
  const { dispatch, log } = settings
  let isDone = true
  let isPaced = false
  for (let after = ''; !isStopped(); ) {
    const dids = await listReminders(settings, { after, limit: PAGE, isNew })
    isPaced ||= isNew && dids.length === PAGE
    const page = isPaced ? dids.slice(0, PACED_PAGE) : dids
    const waiting = [...page]
    await Promise.all(
      Array.from({ length: isPaced ? 1 : AT_ONCE }, async () => {
        for (let did = waiting.pop(); did !== undefined && !isStopped(); did = waiting.pop()) {
          const began = performance.now()
          try {
            if (await isAwake(settings, did)) continue
            await dispatch.account(did).outbox.remind()
          } catch (error) {
            isDone = false
            log.warn({ did, err: error }, 'waking an account with undelivered events failed')
          }
          if (isPaced) await restAfter(began, REST)
        }
      }),
    )
    if (dids.length < PAGE && page.length === dids.length) break
    after = page.at(-1)!
  }
  return isDone
}

/**
 * An account that is awake here delivers by itself, unless the engine may have moved it. RivetKit does not announce the
 * end of every activation, so its database is read.
 */
async function isAwake({ live }: ActorSettings, did: string): Promise<boolean> {
  const actor = live.findCurrent('account', did)
  if (actor === undefined) return false
  try {
    // A call would keep it from falling asleep.
    await (actor.subject as Account).sql.first('SELECT 1')
  } catch (error) {
    if (isActorStopped(error)) live.remove('account', did, actor)
  }
  return live.findCurrent('account', did) !== undefined
}

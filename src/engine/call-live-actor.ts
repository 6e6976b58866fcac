/** Calls an actor that is awake in this process, without the engine. */
import { goingAway, isActorStopped, isGoingAway } from '#src/engine/going-away.ts'
import type { LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import { type Call, MAX_ATTEMPT_MS, type Outcome } from '#src/engine/remote-call.ts'
import { unavailable } from '#src/errors.ts'

type Action = (...args: unknown[]) => unknown

/** Undefined if the actor has no such action. */
export function actionOf(actor: LiveActor, { group, action }: Call): Action | undefined {
  const actions = Object.hasOwn(actor.actions, group) ? actor.actions[group]! : {}
  return Object.hasOwn(actions, action) ? (actions[action] as unknown as Action) : undefined
}

/** `actor` is what `live` has for the call. If its activation has ended it is removed: the engine decides what follows. */
export async function callLiveActor(
  live: LiveActors,
  actor: LiveActor,
  call: Call,
): Promise<Outcome> {
  const action = actionOf(actor, call)
  if (action === undefined) {
    throw new Error(`no such action: ${call.actor} ${call.group}.${call.action}`)
  }
  live.noteCall(actor, call)
  // `hold` gets no rejected promise, because RivetKit would log it as an error of its own.
  const outcome = await inTime(
    live,
    actor.hold(settle(async () => action(actor.subject, ...call.args))),
  )
  // RivetKit does not announce the end of every activation.
  if ('error' in outcome && isActorStopped(outcome.error)) live.remove(call.actor, call.key, actor)
  return outcome
}

/**
 * The outcome of the work, or 503 if it takes too long: a frozen engine does not answer its actors. If the engine has not
 * heard this process for a while, the actor may be in another one soon, and the call may be made again.
 */
function inTime(live: LiveActors, work: Promise<Outcome>): Promise<Outcome> {
  return new Promise((resolve) => {
    const cancel = live.onLapse(() => resolve({ error: goingAway(), again: true }))
    const timeout = setTimeout(() => {
      resolve({
        error: unavailable('The account does not respond, please try again'),
        again: false,
      })
    }, MAX_ATTEMPT_MS)
    void work.then((outcome) => {
      cancel()
      clearTimeout(timeout)
      resolve(outcome)
    })
  })
}

async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await work() }
  } catch (error) {
    return { error, again: isGoingAway(error) }
  }
}

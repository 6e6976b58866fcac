/** Lifts feature functions to RivetKit actions, and carries our one error class across the call with code and status. */
import { UserError } from 'rivetkit'
import { GOING_AWAY, isGoingAway } from '#src/engine/going-away.ts'
import { unavailable, XrpcError } from '#src/errors.ts'
import type { Actions } from '#src/rules/actions.ts'

interface Context {
  vars?: { subject: unknown }
  sleep(): void
}

type Action = (c: Context, ...args: unknown[]) => Promise<unknown>

/** Each feature as an action on the actor's subject. What is not listed cannot be called. */
export function toRivetActions(actions: Actions): Record<string, Record<string, Action>> {
  return mapValues(actions, (group) => mapValues(group, lift))
}

function lift(feature: (subject: never, ...args: never[]) => unknown): Action {
  const run = feature as (subject: unknown, ...args: unknown[]) => unknown
  return async (c, ...args) => {
    const subject = c.vars?.subject
    if (subject === undefined) {
      // The engine took the actor for lost and started it again in this process; when RivetKit noticed, it ended both
      // lives of it. What is left answers nobody, until it has slept.
      c.sleep()
      throw goingAway()
    }
    try {
      return await run(subject, ...args)
    } catch (error) {
      if (error instanceof XrpcError) throw toUserError(error)
      throw isGoingAway(error) ? goingAway() : error
    }
  }
}

/** Has the caller call again. */
function goingAway(): UserError {
  return toUserError(unavailable('The actor is going away', GOING_AWAY))
}

function toUserError({ status, error, message }: XrpcError): UserError {
  return new UserError(message, { code: error, metadata: { status } })
}

function mapValues<A, B>(object: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}

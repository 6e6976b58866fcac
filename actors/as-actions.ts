/** Lifts a menu of feature functions to actions, and turns our one error into one that crosses the border whole. */
import { UserError } from 'rivetkit'
import { isGoingAway } from '#src/engine/dispatch.ts'
import type { Menu } from '#src/engine/live-actors.ts'
import { GOING_AWAY } from '#src/engine/remote-call.ts'
import { unavailable, XrpcError } from '#src/errors.ts'

interface Context {
  vars?: { subject: unknown }
  sleep(): void
}

type Action = (c: Context, ...args: unknown[]) => Promise<unknown>

/** Each function of the menu as an action on the actor's subject. Nothing that is not on the menu can be called. */
export function asActions(menu: Menu): Record<string, Record<string, Action>> {
  return mapValues(menu, (group) => mapValues(group, lift))
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

/** Makes RivetKit actions of feature functions, and carries our one error class to the caller with code and status. */
import { UserError } from 'rivetkit'
import type { ActorVars } from '#actors/lifecycle.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { goingAway, isGoingAway, upgrading } from '#src/engine/going-away.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import { XrpcError } from '#src/errors.ts'
import type { Actions } from '#src/rules/actions.ts'

interface Context {
  vars?: ActorVars
  sleep(): void
}

type Action = (c: Context, ...args: unknown[]) => Promise<unknown>

/** Each feature as an action on the actor's subject; and `process.address`, where its process takes calls directly. */
export function toRivetActions(
  actions: Actions,
  { peerAddress, live }: Partial<Pick<ActorSettings, 'peerAddress' | 'live'>>,
): Record<string, Record<string, Action>> {
  const address = async () => (await peerAddress?.()) ?? null
  return {
    ...mapValues(actions, (features, group) =>
      mapValues(features, (feature, action) => lift(feature, { group, action }, live)),
    ),
    process: { address },
  }
}

function lift(
  feature: (subject: never, ...args: never[]) => unknown,
  name: { group: string; action: string },
  live: LiveActors | undefined,
): Action {
  const run = feature as (subject: unknown, ...args: unknown[]) => unknown
  return async (c, ...args) => {
    const subject = c.vars?.subject
    if (subject === undefined) {
      // Either this process must not open the database; or the engine considered the actor lost and started it again in
      // this process, and RivetKit ended both activations. It serves no call until it has slept.
      c.sleep()
      throw toUserError(c.vars?.isOutdated ? upgrading() : goingAway())
    }
    if (c.vars?.live !== undefined) {
      live?.confirm(c.vars.live)
      live?.noteCall(c.vars.live, name)
    }
    const end = c.vars?.live?.sleepControl?.begin()
    try {
      return await run(subject, ...args)
    } catch (error) {
      if (error instanceof XrpcError) throw toUserError(error)
      throw isGoingAway(error) ? toUserError(goingAway()) : error
    } finally {
      end?.()
    }
  }
}

function toUserError({ status, error, message, headers }: XrpcError): UserError {
  return new UserError(message, { code: error, metadata: { status, ...(headers && { headers }) } })
}

function mapValues<A, B>(
  object: Record<string, A>,
  change: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}

/**
 * Finds actors that the engine does not start any more. If its store fails at the wrong moment, what it does for an actor
 * ends (version 2.3.19), and calls wait in vain for the actor to become ready, until the engine is restarted. RivetKit's
 * client asks again and again meanwhile, so an attempt just takes all the time that it may.
 */
import type { EngineError } from '#src/engine/going-away.ts'
import type { Outcome, RemoteCall } from '#src/engine/remote-call.ts'
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** An actor that moves is ready within 30 s, and an attempt takes 40 s at most. */
const UNREADY_MS = 60_000
/** An actor that was not called again for so long counts anew. */
const FORGET_MS = 100_000
const LOG_INTERVAL_MS = 60_000
const MAX_ACTORS = 10_000

/** Calls through the engine. The log says if there are such actors. `now` is a monotonic clock in ms. */
export function watchReadiness(
  remote: RemoteCall,
  log: Pick<Log, 'error'>,
  now = () => performance.now(),
): RemoteCall {
  /** Actors whose last call got no answer in time: since when, and until when, that was so. */
  const unready = new BoundedMap<string, { since: number; until: number }>(MAX_ACTORS)
  let loggedAt = Number.NEGATIVE_INFINITY
  return async (call) => {
    const { actor, key } = call
    const id = `${actor} ${key}`
    const startedAt = now()
    const outcome = await remote(call)
    if (isOfAction(outcome)) unready.delete(id)
    if (!hasTimedOut(outcome)) return outcome
    const before = unready.get(id)
    const since =
      before !== undefined && startedAt - before.until < FORGET_MS ? before.since : startedAt
    unready.set(id, { since, until: now() })
    if (now() - since < UNREADY_MS || now() - loggedAt < LOG_INTERVAL_MS) return outcome
    loggedAt = now()
    log.error(
      { actor, key, forSeconds: Math.round((now() - since) / 1000) },
      'the engine does not start this actor: if other accounts answer, restart all engines (docs/operate/postgres.md)',
    )
    return outcome
  }
}

function isOfAction(outcome: Outcome): boolean {
  return 'answer' in outcome || outcome.error instanceof XrpcError
}

function hasTimedOut(outcome: Outcome): boolean {
  if ('answer' in outcome) return false
  const { code, message } = outcome.error as EngineError
  return code === 'actor_ready_timeout' || /Request failed: TimeoutError/.test(message ?? '')
}

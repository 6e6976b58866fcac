/**
 * Finds actors that the engine does not start any more. If its store fails at the wrong moment, what it does for an actor
 * ends (version 2.3.19), and calls wait in vain for the actor to become ready, until the engine is restarted. RivetKit's
 * client asks again and again meanwhile, so an attempt just takes all the time that it may.
 */
import type { EngineError } from '#src/engine/going-away.ts'
import type { Outcome, RemoteCall } from '#src/engine/remote-call.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** An actor that moves is ready within 30 s, and an attempt takes 40 s at most. */
const UNREADY_MS = 60_000
const LOG_INTERVAL_MS = 60_000
const MAX_ACTORS = 10_000

/** Calls through the engine. The log says if there are such actors. `now` is a monotonic clock in ms. */
export function watchReadiness(
  remote: RemoteCall,
  log: Pick<Log, 'error'>,
  now = () => performance.now(),
): RemoteCall {
  /** When the first call began of those that have got no answer in time, by actor. */
  const waiting = new BoundedMap<string, number>(MAX_ACTORS)
  let loggedAt = Number.NEGATIVE_INFINITY
  return async (call) => {
    const { actor, key } = call
    const id = `${actor} ${key}`
    const startedAt = now()
    const outcome = await remote(call)
    if ('answer' in outcome) waiting.delete(id)
    if (!hasTimedOut(outcome)) return outcome
    const since = waiting.get(id) ?? startedAt
    waiting.set(id, since)
    if (now() - since < UNREADY_MS || now() - loggedAt < LOG_INTERVAL_MS) return outcome
    loggedAt = now()
    log.error(
      { actor, key, forSeconds: Math.round((now() - since) / 1000), waiting: waiting.size },
      'the engine does not start this actor: if other accounts answer, restart all engines (docs/operate/postgres.md)',
    )
    return outcome
  }
}

function hasTimedOut(outcome: Outcome): boolean {
  if ('answer' in outcome) return false
  const { code, message } = outcome.error as EngineError
  return code === 'actor_ready_timeout' || /Request failed: TimeoutError/.test(message ?? '')
}

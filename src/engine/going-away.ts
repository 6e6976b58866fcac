/**
 * Which errors mean that a call may be made again: the actor slept, moved or restarted under it, or the engine was
 * away for a moment. RivetKit has no one code for these, so some are known by their message.
 */
import { XrpcError } from '#src/errors.ts'

/** The code with which our own actors answer while they are going away. */
export const GOING_AWAY = 'GoingAway'

/** What an action threw, as the client of the engine shows it. */
export interface EngineError {
  group?: string
  code?: string
  message?: string
  metadata?: { status?: number; error?: string }
}

/** Whether this activation of the actor has ended. */
export function isActorStopped(error: unknown): boolean {
  const over =
    /database is closed|transaction coordinator is closed|actor (is )?(stopping|shutting down)/i
  return error instanceof Error && over.test(error.message)
}

/** Whether the engine is away, or the actor's database was closed under the call; asked where the action ran. */
export function isGoingAway(error: unknown): boolean {
  if (error instanceof XrpcError) return false
  // SQLite reports an I/O error if it cannot get a page from the engine.
  return (
    isActorStopped(error) || /disk i\/o error/i.test((error as EngineError).metadata?.error ?? '')
  )
}

const transientCodes = new Set([
  'not_found',
  'actor_not_found',
  'no_runner_config_configured',
  'restarting',
  'stopping',
  'actor_stopping',
  'service_unavailable',
  'route_resolve_query_timeout',
])

/** Whether a call through the engine failed on its way to the actor; asked by the caller's process. */
export function isTransient({ group, code, message = '' }: EngineError): boolean {
  if (code !== undefined && transientCodes.has(code)) return true
  // The guard is the engine's proxy: what it answers never reached the actor.
  if (group === 'guard') return true
  return /actor not found|database is closed|fetch failed|socket|ECONNREFUSED|ECONNRESET|stopping|restarting|timed? ?out/i.test(
    message,
  )
}

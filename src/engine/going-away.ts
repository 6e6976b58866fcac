/**
 * Which errors mean that a call may be made again: the actor slept, moved or restarted under it, the engine was unreachable
 * for a moment, or the actor is in a process of another release. RivetKit 2.3.19 has no one code for these, and some errors
 * have none at all, so those are recognized by their message; tests/unit/engine/going-away.test.ts has each as it was observed.
 */
import { unavailable, XrpcError } from '#src/errors.ts'

/** The code with which our own actors answer while they are going away. */
const GOING_AWAY = 'GoingAway'
/** The code with which an actor answers if its database or the call is of a newer release than its process. */
const UPGRADING = 'Upgrading'

/** An error of an action, as the engine's client throws it. */
export interface EngineError {
  group?: string
  code?: string
  message?: string
  metadata?: { status?: number; headers?: Record<string, string>; error?: string } | null
}

/** 503 from an actor that is going away; the dispatch calls again. */
export function goingAway(): XrpcError {
  return unavailable('The actor is going away', GOING_AWAY)
}

/** 503 from an actor whose process is of an older release than its database or its caller; the dispatch calls again. */
export function upgrading(): XrpcError {
  return unavailable('This server is being upgraded, please try again', UPGRADING)
}

/** Whether an actor answered that the call should be made again. */
export function asksForRetry({ error }: XrpcError): boolean {
  return error === GOING_AWAY || error === UPGRADING
}

/** The error for the caller after the last attempt, if another attempt might have succeeded. */
export function afterLastAttempt(error: unknown): XrpcError {
  if (error instanceof XrpcError && error.error === UPGRADING) return unavailable(error.message)
  return unavailable('The account is not available, please try again')
}

/** Whether this activation of the actor has ended. */
export function isActorStopped(error: unknown): boolean {
  const stopped =
    /database is closed|transaction coordinator is closed|actor (is )?(stopping|shutting down)/i
  return error instanceof Error && stopped.test(error.message)
}

/** Whether the engine is unreachable, or the actor's database was closed under the call; for the process of the actor. */
export function isGoingAway(error: unknown): boolean {
  if (error instanceof XrpcError) return false
  // SQLite reports an I/O error if it cannot get a page from the engine.
  return (
    isActorStopped(error) || /disk i\/o error/i.test((error as EngineError).metadata?.error ?? '')
  )
}

/** Whether the actor's process knows no action of this name: it is of an older release than the caller. */
export function isUnknownAction({ code }: EngineError): boolean {
  return code === 'action_not_found'
}

const transientCodes = new Set([
  'not_found',
  'actor_not_found',
  'no_runner_config_configured',
  'starting',
  'restarting',
  'stopping',
  'stopped',
  'actor_stopping',
  'dropped_reply',
  'service_unavailable',
])

/** The engine was too busy to find where the actor is, or to wake it: the call has not reached it. */
const routingTimeout = /^route_\w*timeout$/

/**
 * Errors that RivetKit's client makes itself, all with the code internal_error: the request did not get through, the
 * engine stopped in the middle of the answer, or the actor stopped before it answered.
 */
const transientMessage =
  /^(HTTP request error: (Request failed: |Failed to parse response: TypeError: terminated$)|Actor (is stopping$|stopping: |[\w-]+ stopped$))/

/** Whether a call through the engine failed on its way to the actor; for the process of the caller. */
export function isTransient({ group, code, message = '' }: EngineError): boolean {
  if (code !== undefined && (transientCodes.has(code) || routingTimeout.test(code))) return true
  // The engine's API failed, as all of it does while its Postgres is away. An error of an action has the group rivetkit.
  if (group === 'core' && code === 'internal_error') return true
  // The guard is the engine's proxy: a call that it answers has not reached an actor.
  return group === 'guard' || transientMessage.test(message)
}

/** Which errors a call is repeated after. The shapes are those of RivetKit 2.3.19, as they were met on a real engine. */
import { describe, expect, it } from 'vitest'
import {
  afterLastAttempt,
  asksForRetry,
  type EngineError,
  goingAway,
  isActorStopped,
  isGoingAway,
  isTransient,
  isUnknownAction,
  upgrading,
} from '#src/engine/going-away.ts'
import { unavailable, XrpcError } from '#src/errors.ts'

const error = (group: string, code: string, message: string): EngineError => ({
  group,
  code,
  message,
})
const failed = (reason: string) =>
  error('rivetkit', 'internal_error', `HTTP request error: ${reason}`)

describe('a call through the engine is repeated', () => {
  it.each<[string, EngineError]>([
    [
      'if no process has joined the engine yet',
      error(
        'actor',
        'no_runner_config_configured',
        "No runner config with name 'default' are available in any datacenter for the namespace 'default'. Validate a provider is listed that matches the requested pool name.",
      ),
    ],
    [
      'if the actor stopped while it woke',
      error(
        'guard',
        'actor_wake_retries_exceeded',
        'Actor t9m9qgyzkgnhbbzlny61nxxfuicl00 stopped before becoming ready after 8 wake retries: actor_stopped_before_ready.',
      ),
    ],
    ['if the actor is not known any more', error('actor', 'not_found', 'Actor not found')],
    ['if the actor restarts', error('actor', 'restarting', 'Actor is restarting.')],
    ['if the actor is stopping', error('actor', 'stopping', 'Actor is stopping.')],
    ['if the actor stopped', error('actor', 'internal_error', 'Actor t9m9-x stopped')],
    ['if the actor is stopping, by message', error('actor', 'internal_error', 'Actor is stopping')],
    [
      'if the engine has no answer in time',
      error('guard', 'route_resolve_query_timeout', 'Route resolution timed out'),
    ],
    [
      'if the engine does not learn in time where the actor is',
      error(
        'pegboard',
        'route_subscribe_timeout',
        'Timed out subscribing to actor routing events after 2039ms (timeout 2000ms).',
      ),
    ],
    [
      'if the engine cannot reach its Postgres',
      error('core', 'internal_error', 'An internal error occurred'),
    ],
    ['if the engine does not listen', failed('Request failed: TypeError: fetch failed')],
    [
      'if the attempt takes too long',
      failed('Request failed: TimeoutError: The operation was aborted due to timeout'),
    ],
    [
      'if the engine stops in the middle of the answer',
      failed('Failed to parse response: TypeError: terminated'),
    ],
  ])('%s', (_, met) => {
    expect(isTransient(met)).toBe(true)
    expect(isUnknownAction(met)).toBe(false)
  })
})

describe('a call through the engine is not repeated', () => {
  it.each<[string, EngineError]>([
    [
      'after an error of the action itself',
      error('rivetkit', 'internal_error', 'An internal error occurred'),
    ],
    [
      'if the answer cannot be read',
      failed('Failed to parse response: RangeError: Offset is outside the bounds'),
    ],
    [
      'after a message that only speaks of sockets and time-outs',
      error('rivetkit', 'internal_error', 'the mail server closed its socket: timed out'),
    ],
    [
      'after a message about something that is stopping',
      error('rivetkit', 'internal_error', 'the import is stopping'),
    ],
    ['without a message', {}],
  ])('%s', (_, met) => {
    expect(isTransient(met)).toBe(false)
  })
})

describe('an actor of another release', () => {
  it('is recognized by its code', () => {
    const met = error('actor', 'action_not_found', 'Action `g.fresh` was not found.')
    expect(isUnknownAction(met)).toBe(true)
  })

  it('asks for another attempt, and in the end the caller gets a 503 with a message to try again', () => {
    expect(asksForRetry(upgrading())).toBe(true)
    expect(afterLastAttempt(upgrading())).toMatchObject({
      status: 503,
      error: 'ServiceUnavailable',
      message: 'This server is being upgraded, please try again',
    })
  })
})

describe('an actor that goes away', () => {
  it('asks for another attempt, and in the end is not available', () => {
    expect(asksForRetry(goingAway())).toBe(true)
    expect(afterLastAttempt(goingAway())).toMatchObject({
      status: 503,
      error: 'ServiceUnavailable',
      message: 'The account is not available, please try again',
    })
  })

  it('asks for none after any other refusal', () => {
    expect(asksForRetry(unavailable('It is not known whether this write was stored'))).toBe(false)
    expect(asksForRetry(new XrpcError(400, 'InvalidRequest', 'socket timed out'))).toBe(false)
  })

  it.each([
    'Database is closed. The actor was stopped',
    'transaction coordinator is closed',
    'actor is stopping',
    'Actor shutting down',
  ])('is known by: %s', (message) => {
    expect(isActorStopped(new Error(message))).toBe(true)
    expect(isGoingAway(new Error(message))).toBe(true)
  })

  it('is known by a page that the engine did not deliver', () => {
    const thrown = Object.assign(new Error('An internal error occurred'), {
      metadata: { error: 'disk I/O error' },
    })
    expect(isGoingAway(thrown)).toBe(true)
    expect(isActorStopped(thrown)).toBe(false)
  })

  it('is not known by our own refusals, whatever they say', () => {
    expect(isGoingAway(new XrpcError(400, 'InvalidRequest', 'database is closed'))).toBe(false)
  })

  it('is not known by any other error', () => {
    expect(isGoingAway(new Error('constraint failed'))).toBe(false)
    expect(isActorStopped('database is closed')).toBe(false)
  })
})

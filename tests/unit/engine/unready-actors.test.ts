/** When the log says that the engine does not start an actor. */
import { expect, it } from 'vitest'
import type { Outcome } from '#src/engine/remote-call.ts'
import { watchReadiness } from '#src/engine/unready-actors.ts'
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'

const timedOut: Outcome = {
  // As RivetKit's client throws it.
  error: {
    group: 'rivetkit',
    code: 'internal_error',
    message:
      'HTTP request error: Request failed: TimeoutError: The operation was aborted due to timeout',
  },
  again: true,
}
const moving: Outcome = { error: { group: 'guard', code: 'actor_stopping' }, again: true }
const answered: Outcome = { answer: 'here' }

function open() {
  let now = 0
  let next = { seconds: 0, outcome: answered }
  const logged: { key: string; forSeconds: number }[] = []
  const log = { error: (fields: (typeof logged)[0]) => void logged.push(fields) }
  const remote = async () => {
    now += next.seconds * 1000
    return next.outcome
  }
  const watched = watchReadiness(remote, log as unknown as Log, () => now)
  return {
    logged,
    pass: (seconds: number) => {
      now += seconds * 1000
    },
    call: (key: string, seconds: number, outcome: Outcome) => {
      next = { seconds, outcome }
      return watched({ actor: 'account', key, group: 'repo', action: 'getRecord', args: [] })
    },
  }
}

it('an actor whose calls get no answer for a minute is logged once a minute', async () => {
  const { logged, call, pass } = open()
  expect(await call('a', 40, timedOut)).toBe(timedOut)
  expect(logged).toEqual([])
  await call('b', 10, timedOut)
  await call('a', 40, timedOut)
  expect(logged).toEqual([expect.objectContaining({ key: 'a', forSeconds: 90 })])
  await call('b', 40, timedOut)
  expect(logged).toHaveLength(1)
  pass(20)
  await call('b', 1, timedOut)
  expect(logged[1]).toMatchObject({ key: 'b' })
})

it('an actor that answers between, or that only moves, is not logged', async () => {
  const { logged, call } = open()
  await call('a', 40, timedOut)
  expect(await call('a', 5, answered)).toBe(answered)
  await call('a', 40, timedOut)
  for (let n = 0; n < 30; n++) await call('b', 5, moving)
  expect(logged).toEqual([])
})

it('an actor that gets no answer in time twice in an hour is not logged', async () => {
  const { logged, call, pass } = open()
  await call('a', 40, timedOut)
  pass(3_600)
  await call('a', 40, timedOut)
  expect(logged).toEqual([])
})

it('an actor whose action throws between is not logged', async () => {
  const { logged, call } = open()
  await call('a', 40, timedOut)
  await call('a', 1, { error: new XrpcError(400, 'InvalidRequest', 'no'), again: false })
  await call('a', 40, timedOut)
  expect(logged).toEqual([])
})

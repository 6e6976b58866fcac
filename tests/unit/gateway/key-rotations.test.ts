/** Changes of signing keys that were left under way are looked for, again and again, until the gateway stops. */
import { expect, test } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { openKeyRotations } from '#src/gateway/key-rotations.ts'
import { RotationWorld } from '#tests/helpers/rotation-world.ts'

/** A timer in the test's hand. */
function handTimer() {
  let waiting: (() => void) | undefined
  const timer = (_ms: number, run: () => void) => {
    waiting = run
    return () => {
      waiting = undefined
    }
  }
  return { timer, isSet: () => waiting !== undefined, fire: () => waiting?.() }
}

test('what nobody is at any more is finished', async () => {
  const world = await RotationWorld.open()
  const signingKey = await world.reserve()
  world.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  const { timer, isSet, fire } = handTimer()
  const rotations = openKeyRotations(world.deps(), timer)
  await expect(rotations.rotate({ did: world.did, signingKey })).rejects.toThrow()
  world.fault = () => {}

  rotations.watch()
  await expect.poll(isSet).toBe(true)
  expect(world.published).not.toBe(signingKey)
  world.clock.time += 10 * 60_000
  fire()
  await expect.poll(() => world.published).toBe(signingKey)
})

test('a directory that is away is asked again, and nobody after the stop', async () => {
  const world = await RotationWorld.open()
  world.fault = () => {
    throw new Error('away')
  }
  const { timer, isSet, fire } = handTimer()
  const rotations = openKeyRotations(world.deps(), timer)
  rotations.watch()
  await expect.poll(isSet).toBe(true)
  fire()
  await expect.poll(() => world.calls.length).toBe(2)
  await expect.poll(isSet).toBe(true)
  rotations.stop()
  expect(isSet()).toBe(false)
})

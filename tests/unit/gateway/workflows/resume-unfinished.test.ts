/** Unfinished workflows are resumed while the gateway runs, without a call, until it stops. */
import { expect, test } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { resumeUnfinished } from '#src/gateway/workflows/resume-unfinished.ts'
import { rotateSigningKey } from '#src/gateway/workflows/rotate-signing-key.ts'
import { updateHandle } from '#src/gateway/workflows/update-handle.ts'
import { keys } from '#tests/support/empty-account.ts'
import { consistentHandles, IdentityFixture } from '#tests/support/identity-fixture.ts'
import { KeyRotationFixture } from '#tests/support/key-rotation-fixture.ts'
import { testDid as did } from '#tests/support/open-account.ts'

/** A timer that the test fires. */
function handTimer() {
  let waiting: { ms: number; run: () => void } | undefined
  const timer = (ms: number, run: () => void) => {
    waiting = { ms, run }
    return () => {
      waiting = undefined
    }
  }
  /** Waits until the timer is set, and returns its time. */
  const set = async () => {
    await expect.poll(() => waiting !== undefined).toBe(true)
    return waiting!.ms
  }
  const fire = () => {
    const { run } = waiting!
    waiting = undefined
    run()
  }
  return { timer, set, fire, isSet: () => waiting !== undefined }
}

/** The dependencies of one fixture; the rest of the other's. */
async function rotationDeps(world: KeyRotationFixture) {
  const none = { begin: async () => {}, end: async () => {}, list: async () => [] }
  const deps = world.deps()
  const directory = { ...deps.dispatch.directory, identityChanges: none }
  const dispatch = { ...deps.dispatch, directory }
  return { ...(await IdentityFixture.open()).process(), ...deps, dispatch } as never
}

async function identityDeps(world: IdentityFixture) {
  const deps = world.process()
  const keyRotations = { list: async () => [] }
  const dispatch = { ...deps.dispatch, directory: { ...deps.dispatch.directory, keyRotations } }
  return { ...deps, dispatch, keys } as never
}

test('an unfinished key rotation is resumed at start, and later once no process works on it', async () => {
  const world = await KeyRotationFixture.open()
  const signingKey = await world.reserve()
  const { timer, set, fire } = handTimer()
  const stop = resumeUnfinished(await rotationDeps(world), timer)
  expect(await set()).toBe(10_000)

  world.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  const asked = rotateSigningKey(world.deps(), { did: world.did, signingKey })
  await expect(asked).rejects.toThrow()
  world.fault = () => {}
  fire()
  await set()
  expect(world.publishedKey).not.toBe(signingKey)
  world.clock.time += 20_000
  fire()
  await set()
  expect(world.publishedKey).toBe(signingKey)
  expect((await world.account.signer()).did()).toBe(signingKey)
  stop()

  const next = await world.reserve()
  world.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  await expect(
    rotateSigningKey(world.deps(), { did: world.did, signingKey: next }),
  ).rejects.toThrow()
  world.fault = () => {}
  world.clock.time += 1
  const restarted = handTimer()
  resumeUnfinished(await rotationDeps(world), restarted.timer)
  await restarted.set()
  expect(world.publishedKey).toBe(next)
})

test('an unfinished change of a handle that was published is completed', async () => {
  const world = await IdentityFixture.open()
  const { timer, set, fire } = handTimer()
  resumeUnfinished(await identityDeps(world), timer)
  await set()
  world.fault = { at: 5, when: 'after' }
  await expect(updateHandle(world.process(), { did, handle: 'bob.test' })).rejects.toThrow('dead')
  expect(world.calls.at(-1)).toBe('plc.send')
  world.fault = undefined
  fire()
  await set()
  expect(await world.handles()).toMatchObject({ account: 'alice.test', changes: 1 })
  world.directory.clock.time += 50_000
  fire()
  await set()
  expect(await world.handles()).toEqual(consistentHandles('bob.test'))
  expect(await world.deliveredKinds()).toEqual(['#identity'])
})

test('an unreachable directory is tried again at growing intervals, and not after stop', async () => {
  const world = await KeyRotationFixture.open()
  world.fault = () => {
    throw new Error('away')
  }
  const { timer, set, fire, isSet } = handTimer()
  const stop = resumeUnfinished(await rotationDeps(world), timer)
  for (const ms of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    expect(await set()).toBe(ms)
    fire()
  }
  await set()
  world.fault = () => {}
  fire()
  expect(await set()).toBe(10_000)
  stop()
  expect(isSet()).toBe(false)
})

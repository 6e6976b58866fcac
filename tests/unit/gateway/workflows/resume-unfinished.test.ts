/** Unfinished workflows are resumed while the gateway runs, without a call, until it stops. */
import { expect, test } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { rotateSigningKey } from '#src/gateway/identity/rotate-signing-key.ts'
import { updateHandle } from '#src/gateway/identity/update-handle.ts'
import { resumeUnfinished } from '#src/gateway/workflows/resume-unfinished.ts'
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
async function rotationDeps(fixture: KeyRotationFixture) {
  const none = { begin: async () => {}, end: async () => {}, list: async () => [] }
  const ports = fixture.ports()
  const directory = { ...ports.dispatch.directory, identityChanges: none }
  const dispatch = { ...ports.dispatch, directory }
  return { ...(await IdentityFixture.open()).process(), ...ports, dispatch } as never
}

async function identityDeps(fixture: IdentityFixture) {
  const ports = fixture.process()
  const keyRotations = { list: async () => [] }
  const dispatch = { ...ports.dispatch, directory: { ...ports.dispatch.directory, keyRotations } }
  return { ...ports, dispatch, keys } as never
}

test('an unfinished key rotation is resumed at start, and later once no process works on it', async () => {
  const fixture = await KeyRotationFixture.open()
  const signingKey = await fixture.reserve()
  const { timer, set, fire } = handTimer()
  const stop = resumeUnfinished(await rotationDeps(fixture), { isOnlyGateway: true, timer })
  expect(await set()).toBe(10_000)

  fixture.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  const attempt = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
  await expect(attempt).rejects.toThrow()
  fixture.fault = () => {}
  fire()
  await set()
  expect(fixture.publishedKey).not.toBe(signingKey)
  fixture.clock.time += 20_000
  fire()
  await set()
  expect(fixture.publishedKey).toBe(signingKey)
  expect((await fixture.account.signer()).did()).toBe(signingKey)
  stop()

  const next = await fixture.reserve()
  fixture.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  await expect(
    rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey: next }),
  ).rejects.toThrow()
  fixture.fault = () => {}
  fixture.clock.time += 1
  const restarted = handTimer()
  resumeUnfinished(await rotationDeps(fixture), {
    isOnlyGateway: true,
    timer: restarted.timer,
  })
  await restarted.set()
  expect(fixture.publishedKey).toBe(next)
})

test('an unfinished change of a handle that was published is completed', async () => {
  const fixture = await IdentityFixture.open()
  const { timer, set, fire } = handTimer()
  resumeUnfinished(await identityDeps(fixture), { isOnlyGateway: true, timer })
  await set()
  fixture.fault = { at: 5, when: 'after' }
  await expect(updateHandle(fixture.process(), { did, handle: 'bob.test' })).rejects.toThrow(
    'crashed',
  )
  expect(fixture.calls.at(-1)).toBe('plc.send')
  fixture.fault = undefined
  fire()
  await set()
  expect(await fixture.handles()).toMatchObject({ account: 'alice.test', changes: 1 })
  fixture.directory.clock.time += 50_000
  fire()
  await set()
  expect(await fixture.handles()).toEqual(consistentHandles('bob.test'))
  expect(await fixture.deliveredKinds()).toEqual(['#identity'])
})

test('a change of a handle that another gateway may be making is not completed at the start', async () => {
  const fixture = await IdentityFixture.open()
  fixture.fault = { at: 5, when: 'after' }
  await expect(updateHandle(fixture.process(), { did, handle: 'bob.test' })).rejects.toThrow(
    'crashed',
  )
  fixture.fault = undefined
  fixture.directory.clock.time += 1
  for (const [isOnlyGateway, account] of [
    [false, 'alice.test'],
    [true, 'bob.test'],
  ] as const) {
    const { timer, set } = handTimer()
    resumeUnfinished(await identityDeps(fixture), { isOnlyGateway, timer })
    await set()
    expect(await fixture.handles()).toMatchObject({ account })
  }
})

test('an unreachable directory is tried again at growing intervals, and not after stop', async () => {
  const fixture = await KeyRotationFixture.open()
  fixture.fault = () => {
    throw new Error('away')
  }
  const { timer, set, fire, isSet } = handTimer()
  const stop = resumeUnfinished(await rotationDeps(fixture), { isOnlyGateway: true, timer })
  for (const ms of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    expect(await set()).toBe(ms)
    fire()
  }
  await set()
  fixture.fault = () => {}
  fire()
  expect(await set()).toBe(10_000)
  stop()
  expect(isSet()).toBe(false)
})

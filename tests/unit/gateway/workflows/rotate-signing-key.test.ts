/** Key rotation: its result, and that a crash at any step can be repaired. */
import { describe, expect, test } from 'vitest'
import { openExport, readExport } from '#src/account/repo/export.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { recordKeyRotation } from '#src/directory/key-rotations.ts'
import { XrpcError } from '#src/errors.ts'
import { resumeRotations, rotateSigningKey } from '#src/gateway/workflows/rotate-signing-key.ts'
import { deliveredKinds } from '#tests/support/empty-account.ts'
import { KeyRotationFixture } from '#tests/support/key-rotation-fixture.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const thing = { collection: 'com.example.thing', record: { $type: 'com.example.thing' } }
const quiet = { age: -1 }

async function repoOf({ account }: KeyRotationFixture): Promise<Uint8Array> {
  const { id } = await openExport(account, {}, 'admin')
  const { bytes, done } = await readExport(account, id)
  expect(done).toBe(true)
  return bytes
}

/** The repo is signed with the DID document's key, and can be written. */
async function expectSound(world: KeyRotationFixture): Promise<void> {
  const { did, publishedKey } = world
  const before = await verifiedRepo(await repoOf(world), { did, key: publishedKey })
  await createRecord(world.account, thing)
  const after = await verifiedRepo(await repoOf(world), { did, key: publishedKey })
  expect(after.records.size).toBe(before.records.size + 1)
  expect(await world.directory.sql.all('SELECT did FROM key_rotation')).toEqual([])
}

describe('a change of the signing key', () => {
  test('a key rotation publishes the key, signs the repo with it, and announces both', async () => {
    const world = await KeyRotationFixture.open()
    await createRecord(world.account, thing)
    const old = world.publishedKey
    const { rev } = await world.account.lane.head()
    const seen = (await deliveredKinds(world.account)).length
    const signingKey = await world.reserve()
    await rotateSigningKey(world.deps(), { did: world.did, signingKey })
    expect(world.publishedKey).toBe(signingKey)
    expect(signingKey).not.toBe(old)
    expect((await world.account.lane.head()).rev > rev).toBe(true)
    await expectSound(world)
    const told = await deliveredKinds(world.account)
    expect(told.slice(seen)).toEqual(['#identity', '#sync', '#commit'])
  })

  test('a key rotation survives a restart of the account', async () => {
    const world = await KeyRotationFixture.open()
    await rotateSigningKey(world.deps(), { did: world.did, signingKey: await world.reserve() })
    await world.restart()
    await expectSound(world)
  })

  test('a key rotation uses a key reserved for the DID', async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve(world.did)
    await rotateSigningKey(world.deps(), { did: world.did, signingKey })
    await expectSound(world)
  })

  test('a key rotation uses the reserved key up', async () => {
    const world = await KeyRotationFixture.open()
    await rotateSigningKey(world.deps(), { did: world.did, signingKey: await world.reserve() })
    expect(await world.directory.sql.all('SELECT name FROM reserved_key')).toEqual([])
  })

  test('a rotation to the current key publishes it again and signs the repo again', async () => {
    const world = await KeyRotationFixture.open()
    const { cid } = await world.account.lane.head()
    await rotateSigningKey(world.deps(), { did: world.did, signingKey: world.publishedKey })
    expect(world.plcLog.length).toBe(1)
    expect((await world.account.lane.head()).cid).not.toBe(cid)
    await expectSound(world)
  })

  test('a rotation to a key that this server does not hold is rejected, and nothing begins', async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await (await KeyRotationFixture.open()).reserve()
    const asked = rotateSigningKey(world.deps(), { did: world.did, signingKey })
    await expect(asked).rejects.toMatchObject({ status: 400 })
    expect(world.calls).not.toContain('begin')
    await expectSound(world)
  })

  test('a rotation without a rotation key of the DID is rejected, and nothing begins', async () => {
    const world = await KeyRotationFixture.open()
    const { rotationKey } = (await KeyRotationFixture.open()).deps()
    const signingKey = await world.reserve()
    const asked = rotateSigningKey({ ...world.deps(), rotationKey }, { did: world.did, signingKey })
    await expect(asked).rejects.toMatchObject({ status: 400 })
    expect(world.calls).not.toContain('begin')
    await expectSound(world)
  })

  test('a key rotation is rolled back if the PLC directory rejects it', async () => {
    const world = await KeyRotationFixture.open()
    const old = world.publishedKey
    const signingKey = await world.reserve()
    world.fault = (call, when) => {
      if (call === 'plc.send' && when === 'before') throw new XrpcError(400, 'InvalidRequest', 'No')
    }
    const asked = rotateSigningKey(world.deps(), { did: world.did, signingKey })
    await expect(asked).rejects.toMatchObject({ status: 400, message: 'No' })
    expect(world.publishedKey).toBe(old)
    await expectSound(world)
  })

  test('a key rotation completes if the PLC directory rejects an operation it already has', async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve()
    world.fault = (call, when) => {
      if (call === 'plc.send' && when === 'after') throw new XrpcError(400, 'InvalidRequest', 'No')
    }
    await rotateSigningKey(world.deps(), { did: world.did, signingKey })
    expect(world.publishedKey).toBe(signingKey)
    await expectSound(world)
  })

  test("no commit is signed while the PLC directory's state is unknown", async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve()
    world.fault = (call) => {
      if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
    }
    const asked = rotateSigningKey(world.deps(), { did: world.did, signingKey })
    await expect(asked).rejects.toMatchObject({ status: 502 })
    const refused = { status: 503, error: 'KeyRotation' }
    await expect(createRecord(world.account, thing)).rejects.toMatchObject(refused)
    await world.restart()
    await expect(createRecord(world.account, thing)).rejects.toMatchObject(refused)
    expect(await resumeRotations(world.deps(), quiet)).toBe(0)
    expect(world.publishedKey).toBe(signingKey)
    await expectSound(world)
  })

  test('concurrent writes leave no commit signed with the old key', async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve()
    const rotating = rotateSigningKey(world.deps(), { did: world.did, signingKey })
    let done = false
    const writing = (async () => {
      while (!done) await createRecord(world.account, thing).catch(() => {})
    })()
    await rotating
    done = true
    await writing
    await expectSound(world)
  })

  test('concurrent requests for one key rotation run it once', async () => {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve()
    const input = { did: world.did, signingKey }
    const both = [rotateSigningKey(world.deps(), input), rotateSigningKey(world.deps(), input)]
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled')
    await resumeRotations(world.deps(), quiet)
    expect(world.plcLog.length).toBe(2)
    await expectSound(world)
  })
})

describe('the key of a did:web', () => {
  const did = 'did:web:alice.example.com'
  const named = (key: string) => ({
    id: did,
    verificationMethod: [
      { id: `${did}#atproto`, type: 'Multikey', publicKeyMultibase: key.slice('did:key:'.length) },
    ],
  })

  test('a did:web key rotation is done when the document has the key', async () => {
    const world = await KeyRotationFixture.open(did)
    const signingKey = await world.reserve()
    const resolve = async () => named(signingKey)
    const deps = { ...world.deps(), resolver: { resolve, refresh: resolve } }
    await rotateSigningKey(deps, { did, signingKey })
    expect((await world.account.signer()).did()).toBe(signingKey)
    expect(world.calls.filter((call) => call.startsWith('plc'))).toEqual([])
  })

  test('a did:web key rotation does not begin before the document has the key', async () => {
    const world = await KeyRotationFixture.open(did)
    const signingKey = await world.reserve()
    const resolve = async () => named(world.publishedKey)
    const deps = { ...world.deps(), resolver: { resolve, refresh: resolve } }
    await expect(rotateSigningKey(deps, { did, signingKey })).rejects.toMatchObject({ status: 400 })
    expect(world.calls).not.toContain('begin')
  })
})

describe('whoever dies', async () => {
  const plain = await KeyRotationFixture.open()
  await rotateSigningKey(plain.deps(), { did: plain.did, signingKey: await plain.reserve() })
  const steps = plain.calls.length
  const moments = Array.from({ length: steps }, (_, at) => [
    { at, when: 'before' as const, name: plain.calls[at]! },
    { at, when: 'after' as const, name: plain.calls[at]! },
  ]).flat()

  async function crashed({ at, when }: { at: number; when: 'before' | 'after' }) {
    const world = await KeyRotationFixture.open()
    const signingKey = await world.reserve()
    world.fault = (_, moment) => {
      const made = world.calls.length - 1
      if (made > at || (made === at && moment === when)) throw new Error('crashed')
    }
    const asked = rotateSigningKey(world.deps(), { did: world.did, signingKey })
    await expect(asked).rejects.toThrow()
    await world.restart()
    world.calls = []
    return { world, signingKey }
  }

  test.each(moments)(
    'a key rotation that crashes $when $name (call $at) is completed by the next process',
    async (moment) => {
      const { world } = await crashed(moment)
      expect(await resumeRotations(world.deps(), quiet)).toBe(0)
      await expectSound(world)
    },
  )

  test.each(moments)(
    'a key rotation that crashes $when $name (call $at) can be requested again',
    async (moment) => {
      const { world, signingKey } = await crashed(moment)
      await rotateSigningKey(world.deps(), { did: world.did, signingKey })
      expect(world.publishedKey).toBe(signingKey)
      await expectSound(world)
    },
  )
})

test('completing one key rotation does not end another that began meanwhile', async () => {
  const world = await KeyRotationFixture.open()
  const next = await world.reserve()
  const { directory } = world
  world.fault = (call, when) => {
    if (call !== 'finish' || when !== 'after') return
    world.clock.time += 1
    void recordKeyRotation(directory, { did: world.did })
  }
  await rotateSigningKey(world.deps(), { did: world.did, signingKey: next })
  expect(await directory.sql.all('SELECT noted_at FROM key_rotation')).toEqual([
    { noted_at: world.clock.time },
  ])
  expect(await resumeRotations(world.deps(), quiet)).toBe(0)
  await expectSound(world)
})

test('a key rotation that a process works on is left to it', async () => {
  const world = await KeyRotationFixture.open()
  const signingKey = await world.reserve()
  world.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  await expect(
    rotateSigningKey(world.deps(), { did: world.did, signingKey }),
  ).rejects.toMatchObject({ status: 502 })
  world.fault = () => {}
  world.calls = []
  await resumeRotations(world.deps(), { age: 60_000 })
  expect(world.calls).toEqual(['list'])
  world.clock.time += 61_000
  await resumeRotations(world.deps(), { age: 60_000 })
  await expectSound(world)
})

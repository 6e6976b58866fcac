/** Key rotation: its result, and that a crash at any step can be repaired. */
import { describe, expect, test } from 'vitest'
import { createRecord } from '#src/account/repo/write.ts'
import { recordKeyRotation } from '#src/directory/key-rotations.ts'
import { XrpcError } from '#src/errors.ts'
import { resumeRotations, rotateSigningKey } from '#src/gateway/identity/rotate-signing-key.ts'
import { deliveredKinds } from '#tests/support/empty-account.ts'
import { KeyRotationFixture } from '#tests/support/key-rotation-fixture.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const thing = { collection: 'com.example.thing', record: { $type: 'com.example.thing' } }
const quiet = { age: -1 }

const repoOf = ({ account }: KeyRotationFixture) => exportedCar(account)

/** The repo is signed with the DID document's key, and can be written. */
async function expectSound(fixture: KeyRotationFixture): Promise<void> {
  const { did, publishedKey } = fixture
  const before = await verifiedRepo(await repoOf(fixture), { did, key: publishedKey })
  await createRecord(fixture.account, thing)
  const after = await verifiedRepo(await repoOf(fixture), { did, key: publishedKey })
  expect(after.records.size).toBe(before.records.size + 1)
  expect(await fixture.directory.sql.all('SELECT did FROM key_rotation')).toEqual([])
}

describe('a key rotation', () => {
  test('a key rotation publishes the key, signs the repo with it, and announces both', async () => {
    const fixture = await KeyRotationFixture.open()
    await createRecord(fixture.account, thing)
    const old = fixture.publishedKey
    const { rev } = await fixture.account.lane.head()
    const seen = (await deliveredKinds(fixture.account)).length
    const signingKey = await fixture.reserve()
    await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    expect(fixture.publishedKey).toBe(signingKey)
    expect(signingKey).not.toBe(old)
    expect((await fixture.account.lane.head()).rev > rev).toBe(true)
    await expectSound(fixture)
    const kinds = await deliveredKinds(fixture.account)
    expect(kinds.slice(seen)).toEqual(['#identity', '#sync', '#commit'])
  })

  test('a key rotation survives a restart of the account', async () => {
    const fixture = await KeyRotationFixture.open()
    await rotateSigningKey(fixture.ports(), {
      did: fixture.did,
      signingKey: await fixture.reserve(),
    })
    await fixture.restart()
    await expectSound(fixture)
  })

  test('a key rotation uses a key reserved for the DID', async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve(fixture.did)
    await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    await expectSound(fixture)
  })

  test('a key rotation uses the reserved key up', async () => {
    const fixture = await KeyRotationFixture.open()
    await rotateSigningKey(fixture.ports(), {
      did: fixture.did,
      signingKey: await fixture.reserve(),
    })
    expect(await fixture.directory.sql.all('SELECT name FROM reserved_key')).toEqual([])
  })

  test('a rotation to the current key publishes it again and signs the repo again', async () => {
    const fixture = await KeyRotationFixture.open()
    const { cid } = await fixture.account.lane.head()
    await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey: fixture.publishedKey })
    expect(fixture.plcLog.length).toBe(1)
    expect((await fixture.account.lane.head()).cid).not.toBe(cid)
    await expectSound(fixture)
  })

  test('a rotation to a key that this server does not hold is rejected, and nothing begins', async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await (await KeyRotationFixture.open()).reserve()
    const attempt = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    await expect(attempt).rejects.toMatchObject({ status: 400 })
    expect(fixture.calls).not.toContain('begin')
    await expectSound(fixture)
  })

  test('a rotation without a rotation key of the DID is rejected, and nothing begins', async () => {
    const fixture = await KeyRotationFixture.open()
    const { rotationKey } = (await KeyRotationFixture.open()).ports()
    const signingKey = await fixture.reserve()
    const attempt = rotateSigningKey(
      { ...fixture.ports(), rotationKey },
      { did: fixture.did, signingKey },
    )
    await expect(attempt).rejects.toMatchObject({ status: 400 })
    expect(fixture.calls).not.toContain('begin')
    await expectSound(fixture)
  })

  test('a key rotation is rolled back if the PLC directory rejects it', async () => {
    const fixture = await KeyRotationFixture.open()
    const old = fixture.publishedKey
    const signingKey = await fixture.reserve()
    fixture.fault = (call, when) => {
      if (call === 'plc.send' && when === 'before') throw new XrpcError(400, 'InvalidRequest', 'No')
    }
    const attempt = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    await expect(attempt).rejects.toMatchObject({ status: 400, message: 'No' })
    expect(fixture.publishedKey).toBe(old)
    await expectSound(fixture)
  })

  test('a key rotation completes if the PLC directory rejects an operation it already has', async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve()
    fixture.fault = (call, when) => {
      if (call === 'plc.send' && when === 'after') throw new XrpcError(400, 'InvalidRequest', 'No')
    }
    await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    expect(fixture.publishedKey).toBe(signingKey)
    await expectSound(fixture)
  })

  test("no commit is signed while the PLC directory's state is unknown", async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve()
    fixture.fault = (call) => {
      if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
    }
    const attempt = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    await expect(attempt).rejects.toMatchObject({ status: 502 })
    const refused = { status: 503, error: 'KeyRotation' }
    await expect(createRecord(fixture.account, thing)).rejects.toMatchObject(refused)
    await fixture.restart()
    await expect(createRecord(fixture.account, thing)).rejects.toMatchObject(refused)
    expect(await resumeRotations(fixture.ports(), quiet)).toBe(0)
    expect(fixture.publishedKey).toBe(signingKey)
    await expectSound(fixture)
  })

  test('concurrent writes leave no commit signed with the old key', async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve()
    const rotating = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    let done = false
    const writing = (async () => {
      while (!done) await createRecord(fixture.account, thing).catch(() => {})
    })()
    await rotating
    done = true
    await writing
    await expectSound(fixture)
  })

  test('concurrent requests for one key rotation run it once', async () => {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve()
    const input = { did: fixture.did, signingKey }
    const both = [
      rotateSigningKey(fixture.ports(), input),
      rotateSigningKey(fixture.ports(), input),
    ]
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled')
    await resumeRotations(fixture.ports(), quiet)
    expect(fixture.plcLog.length).toBe(2)
    await expectSound(fixture)
  })
})

describe('a did:web key rotation', () => {
  const did = 'did:web:alice.example.com'
  const named = (key: string) => ({
    id: did,
    verificationMethod: [
      {
        ...{ id: `${did}#atproto`, type: 'Multikey', controller: did },
        publicKeyMultibase: key.slice('did:key:'.length),
      },
    ],
  })

  test('a did:web key rotation is done when the document has the key', async () => {
    const fixture = await KeyRotationFixture.open(did)
    const signingKey = await fixture.reserve()
    const resolve = async () => named(signingKey)
    const ports = { ...fixture.ports(), resolver: { resolve, refresh: resolve } }
    await rotateSigningKey(ports, { did, signingKey })
    expect((await fixture.account.signer()).did()).toBe(signingKey)
    expect(fixture.calls.filter((call) => call.startsWith('plc'))).toEqual([])
  })

  test('a did:web key rotation does not begin before the document has the key', async () => {
    const fixture = await KeyRotationFixture.open(did)
    const signingKey = await fixture.reserve()
    const resolve = async () => named(fixture.publishedKey)
    const ports = { ...fixture.ports(), resolver: { resolve, refresh: resolve } }
    await expect(rotateSigningKey(ports, { did, signingKey })).rejects.toMatchObject({
      status: 400,
    })
    expect(fixture.calls).not.toContain('begin')
  })
})

describe('a key rotation that crashes', async () => {
  const plain = await KeyRotationFixture.open()
  await rotateSigningKey(plain.ports(), { did: plain.did, signingKey: await plain.reserve() })
  const steps = plain.calls.length
  const moments = Array.from({ length: steps }, (_, at) => [
    { at, when: 'before' as const, name: plain.calls[at]! },
    { at, when: 'after' as const, name: plain.calls[at]! },
  ]).flat()

  async function crashed({ at, when }: { at: number; when: 'before' | 'after' }) {
    const fixture = await KeyRotationFixture.open()
    const signingKey = await fixture.reserve()
    fixture.fault = (_, moment) => {
      const made = fixture.calls.length - 1
      if (made > at || (made === at && moment === when)) throw new Error('crashed')
    }
    const attempt = rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
    await expect(attempt).rejects.toThrow()
    await fixture.restart()
    fixture.calls = []
    return { fixture, signingKey }
  }

  test.each(moments)(
    'a key rotation that crashes $when $name (call $at) is completed by the next process',
    async (moment) => {
      const { fixture } = await crashed(moment)
      expect(await resumeRotations(fixture.ports(), quiet)).toBe(0)
      await expectSound(fixture)
    },
  )

  test.each(moments)(
    'a key rotation that crashes $when $name (call $at) can be requested again',
    async (moment) => {
      const { fixture, signingKey } = await crashed(moment)
      await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey })
      expect(fixture.publishedKey).toBe(signingKey)
      await expectSound(fixture)
    },
  )
})

test('completing one key rotation does not end another that began meanwhile', async () => {
  const fixture = await KeyRotationFixture.open()
  const next = await fixture.reserve()
  const { directory } = fixture
  fixture.fault = (call, when) => {
    if (call !== 'finish' || when !== 'after') return
    fixture.clock.time += 1
    void recordKeyRotation(directory, { did: fixture.did })
  }
  await rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey: next })
  expect(await directory.sql.all('SELECT noted_at FROM key_rotation')).toEqual([
    { noted_at: fixture.clock.time },
  ])
  expect(await resumeRotations(fixture.ports(), quiet)).toBe(0)
  await expectSound(fixture)
})

test('a key rotation that a process works on is left to it', async () => {
  const fixture = await KeyRotationFixture.open()
  const signingKey = await fixture.reserve()
  fixture.fault = (call) => {
    if (call === 'plc.send') throw new XrpcError(502, 'UpstreamFailure', 'unreachable')
  }
  await expect(
    rotateSigningKey(fixture.ports(), { did: fixture.did, signingKey }),
  ).rejects.toMatchObject({ status: 502 })
  fixture.fault = () => {}
  fixture.calls = []
  await resumeRotations(fixture.ports(), { age: 60_000 })
  expect(fixture.calls).toEqual(['list'])
  fixture.clock.time += 61_000
  await resumeRotations(fixture.ports(), { age: 60_000 })
  await expectSound(fixture)
})

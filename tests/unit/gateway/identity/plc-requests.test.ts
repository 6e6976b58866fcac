import { beforeEach, describe, expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import {
  mustBeSigner,
  recommendedCredentials,
  signPlcOperation,
  submitPlcOperation,
} from '#src/gateway/identity/plc-requests.ts'
import { resumeIdentityChanges } from '#src/gateway/identity/update-handle.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  type PlcOperation,
  tombstoneOperation,
  updateOperation,
} from '#src/protocol/plc-operation.ts'
import {
  consistentHandles,
  IdentityFixture,
  publicUrl,
  rotationKey,
} from '#tests/support/identity-fixture.ts'
import { testDid as did } from '#tests/support/open-account.ts'

const credentials = { publicUrl, rotationKeyDid: rotationKey.did(), recoveryKeyDid: undefined }
const pds = { type: 'AtprotoPersonalDataServer', endpoint: publicUrl }

let fixture: IdentityFixture

beforeEach(async () => {
  fixture = await IdentityFixture.open()
})

describe('recommendedCredentials', () => {
  const own = { handle: 'alice.test', signingKeyDid: 'did:key:zAlice', status: 'active' } as const

  it("recommendedCredentials lists the operator's recovery key before the server's rotation key", () => {
    const recoveryKeyDid = 'did:key:zOperator'
    expect(recommendedCredentials(own, { ...credentials, recoveryKeyDid })).toEqual({
      alsoKnownAs: ['at://alice.test'],
      verificationMethods: { atproto: 'did:key:zAlice' },
      rotationKeys: [recoveryKeyDid, rotationKey.did()],
      services: { atproto_pds: pds },
    })
  })

  it('recommendedCredentials omits alsoKnownAs if there is no handle', () => {
    const { alsoKnownAs } = recommendedCredentials({ ...own, handle: null }, credentials)
    expect(alsoKnownAs).toBeUndefined()
  })
})

describe('signPlcOperation', () => {
  let verified = 0
  const believe = async () => {
    verified += 1
  }

  beforeEach(() => {
    verified = 0
  })

  it('signPlcOperation changes the given fields, and refers to the last operation', async () => {
    const services = { atproto_pds: { ...pds, endpoint: 'https://elsewhere.example' } }
    const operation = await signPlcOperation(fixture.process(), did, { services }, believe)
    expect(operation).toMatchObject({ services, alsoKnownAs: ['at://alice.test'] })
    await fixture.process().plc.sendOperation(did, operation)
    expect(verified).toBe(1)
  })

  it('signPlcOperation does not use the token up if it cannot sign', async () => {
    const sign = (wanted: object, subject = did) =>
      signPlcOperation(fixture.process(), subject, wanted, believe)
    await expect(sign({ services: { x: 'y' } })).rejects.toThrow('Invalid operation')
    await expect(sign({ rotationKeys: 'x' })).rejects.toThrow('Invalid operation')
    await expect(sign({}, 'did:web:a.example')).rejects.toThrow('Only a did:plc has operations')
    const rotationKeys = [newSigningKey().key.did()]
    fixture.plcLog.push(await updateOperation(fixture.plcLog[0]!, { rotationKeys }, rotationKey))
    await expect(sign({})).rejects.toThrow('its owner has to sign this PLC operation')
    const request = mustBeSigner(fixture.process(), did)
    await expect(request).rejects.toThrow('its owner has to sign this PLC operation')
    const end = await tombstoneOperation(fixture.plcLog[0]!, rotationKey)
    fixture.plcLog.push(end as never)
    await expect(sign({})).rejects.toThrow('Did is tombstoned')
    expect(verified).toBe(0)
  })

  it('requestPlcOperationSignature is accepted unless the PLC directory says that no code would help', async () => {
    const process = fixture.process()
    await mustBeSigner(process, did)
    const unreachable = { ...process.plc, getLastOp: () => Promise.reject(new Error('no')) }
    await mustBeSigner({ ...process, plc: unreachable }, did)
    await expect(mustBeSigner(process, 'did:web:a.example')).rejects.toThrow('Only a did:plc')
  })

  it('signPlcOperation signs nothing without a valid token', async () => {
    const disbelieve = () => Promise.reject(invalidRequest('Token is invalid', 'InvalidToken'))
    const signed = signPlcOperation(fixture.process(), did, {}, disbelieve)
    await expect(signed).rejects.toMatchObject({ error: 'InvalidToken' })
  })
})

describe('submitPlcOperation', () => {
  const submit = (changes: Partial<PlcOperation>) => async () => {
    const operation = await updateOperation(fixture.plcLog[0]!, changes, rotationKey)
    return submitPlcOperation({ ...fixture.process(), credentials }, did, operation)
  }

  it('submitPlcOperation sends an operation that keeps the account here, and emits #identity', async () => {
    const rotationKeys = [newSigningKey().key.did(), rotationKey.did()]
    await submit({ rotationKeys })()
    expect(fixture.plcLog.at(-1)!.rotationKeys).toEqual(rotationKeys)
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
  })

  it.each([
    [{ rotationKeys: [] }, "Rotation keys do not include server's rotation key"],
    [{ services: {} }, 'Incorrect type on atproto_pds service'],
    [{ services: { atproto_pds: { ...pds, type: 'X' } } }, 'Incorrect type on atproto_pds service'],
    [
      { services: { atproto_pds: { ...pds, endpoint: 'http://x' } } },
      'Incorrect endpoint on atproto_pds service',
    ],
    [{ verificationMethods: {} }, 'Incorrect signing key'],
    [{ alsoKnownAs: [] }, 'Incorrect handle in alsoKnownAs'],
    [{ alsoKnownAs: ['at://x.test', 'at://alice.test'] }, 'Incorrect handle in alsoKnownAs'],
  ])('submitPlcOperation rejects %j', async (changes, message) => {
    await expect(submit(changes)()).rejects.toMatchObject({ status: 400, message })
    expect(fixture.plcLog).toHaveLength(1)
  })

  it('submitPlcOperation rejects a malformed operation', async () => {
    const nothing = submitPlcOperation({ ...fixture.process(), credentials }, did, { type: 'x' })
    await expect(nothing).rejects.toMatchObject({ status: 400, message: 'Invalid operation' })
  })

  it('submitPlcOperation emits #identity after a crash', async () => {
    fixture.fault = { at: 3, when: 'after' }
    await expect(submit({})()).rejects.toThrow('crashed')
    expect(fixture.calls.at(-1)).toBe('plc.send')
    expect(await fixture.deliveredKinds()).toEqual([])
    await resumeIdentityChanges(fixture.process(), { age: 0 })
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
  })
})

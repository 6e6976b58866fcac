/** A new host name of the server, in the DID of an account whose process may crash at any call. */
import { beforeEach, describe, expect, it } from 'vitest'
import { beginIdentityChange } from '#src/directory/identity-changes.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { changeEndpoint, type EndpointPorts } from '#src/gateway/identity/change-endpoint.ts'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import { resumeIdentityChanges } from '#src/gateway/identity/update-handle.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { updateOperation } from '#src/protocol/plc-operation.ts'
import {
  consistentHandles,
  type Fault,
  publicUrl as from,
  IdentityFixture,
  rotationKey,
} from '#tests/support/identity-fixture.ts'
import { testDid as did } from '#tests/support/open-account.ts'

const to = 'https://new.example'
const domains = { from: '.test', to: '.new.test' }

let fixture: IdentityFixture
beforeEach(async () => {
  fixture = await IdentityFixture.open()
})

function ports(more: Partial<EndpointPorts> = {}): EndpointPorts {
  return {
    ...fixture.process(),
    credentials: { publicUrl: to },
    handleRules: async () => handleRules(['.new.test', '.test']),
    findHandle: async () => null,
    ...more,
  }
}

const endpoint = () => fixture.plcLog.at(-1)!.services['atproto_pds']!.endpoint

describe('a new host name', () => {
  it('is published for the DID, and emits #identity; the handle stays', async () => {
    const { rotationKeys, verificationMethods, alsoKnownAs } = fixture.plcLog[0]!
    expect(await changeEndpoint(ports(), { did, from })).toEqual({ result: 'changed' })
    expect(endpoint()).toBe(to)
    expect(fixture.plcLog.at(-1)).toMatchObject({ rotationKeys, verificationMethods, alsoKnownAs })
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
    expect(await changeEndpoint(ports(), { did, from })).toEqual({ result: 'unchanged' })
    expect(fixture.plcLog).toHaveLength(2)
  })

  it('renames a handle under the old domain in the same operation', async () => {
    const changed = await changeEndpoint(ports(), { did, from, domains })
    expect(changed).toEqual({ result: 'changed', handle: 'alice.new.test' })
    expect([endpoint(), fixture.plcLog.length]).toEqual([to, 2])
    expect(await fixture.handles()).toEqual(consistentHandles('alice.new.test'))
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
  })

  it('keeps the handle if the new one is taken, and says so', async () => {
    const findHandle = async () => ({ did: 'did:plc:another' })
    const changed = await changeEndpoint(ports({ findHandle }), { did, from, domains })
    const reason = 'the handle alice.new.test is taken'
    expect(changed).toEqual({ result: 'changed', reason })
    expect(endpoint()).toBe(to)
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
  })

  it('a dry run says the same, and changes nothing', async () => {
    const input = { did, from, domains, dryRun: true }
    const changed = await changeEndpoint(ports(), input)
    expect(changed).toEqual({ result: 'changed', handle: 'alice.new.test' })
    expect(fixture.plcLog).toHaveLength(1)
    expect(fixture.calls).not.toContain('begin')
  })

  it('leaves an account alone whose DID names another server', async () => {
    const elsewhere = { ...ports(), credentials: { publicUrl: to } }
    const changed = await changeEndpoint(elsewhere, { did, from: 'https://other.example' })
    expect(changed).toEqual({ result: 'elsewhere', reason: `its DID names ${from}` })
  })

  it('is reported as impossible if the owner keeps the rotation keys, or has a did:web', async () => {
    const rotationKeys = [newSigningKey().key.did()]
    fixture.plcLog.push(await updateOperation(fixture.plcLog[0]!, { rotationKeys }, rotationKey))
    expect(await changeEndpoint(ports(), { did, from })).toMatchObject({
      ...{ result: 'impossible', reason: expect.stringContaining('rotation keys') },
    })
    const type = 'AtprotoPersonalDataServer'
    const service = [{ id: '#atproto_pds', type, serviceEndpoint: from }]
    const resolver = {
      resolve: async () => undefined,
      refresh: async (id: string) => ({ id, service }),
    }
    const web = { did: 'did:web:alice.example', from }
    expect(await changeEndpoint(ports({ resolver: resolver as never }), web)).toMatchObject({
      ...{ result: 'impossible', reason: expect.stringContaining(to) },
    })
  })

  it('is refused if it is the same, or has no such domain for handles', async () => {
    await expect(changeEndpoint(ports(), { did, from: to })).rejects.toMatchObject({
      error: 'UnchangedUrl',
    })
    const unknown = { from: '.test', to: '.other.example' }
    const refused = changeEndpoint(ports(), { did, from, domains: unknown })
    await expect(refused).rejects.toMatchObject({ error: 'UnsupportedDomain' })
  })

  it('a refused operation leaves nothing behind; one whose answer was lost is completed', async () => {
    fixture.plcError = invalidRequest('no such key')
    await expect(changeEndpoint(ports(), { did, from, domains })).rejects.toThrow('no such key')
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
    fixture.plcError = undefined
    fixture.plcErrorAfterAccepting = new XrpcError(502, 'UpstreamFailure', 'unreachable')
    expect(await changeEndpoint(ports(), { did, from, domains })).toMatchObject({
      result: 'changed',
    })
    expect(await fixture.handles()).toEqual(consistentHandles('alice.new.test'))
  })
})

const faults = Array.from({ length: 12 }, (_, i) => i + 1).flatMap((at): Fault[] => [
  { at, when: 'before' },
  { at, when: 'after' },
])

describe.each([
  ['with the handle', undefined, 'alice.test'],
  ['with a new handle', domains, 'alice.new.test'],
])('a process that crashes %s', (_, renamed, handle) => {
  it.each(faults)('$when call $at is made up for by the next', async (fault) => {
    fixture.fault = fault
    await changeEndpoint(ports(), { did, from, domains: renamed }).catch(() => {})
    fixture.fault = undefined
    const next = ports()
    await resumeIdentityChanges(next, { age: 0 })
    await changeEndpoint(next, { did, from, domains: renamed })
    expect(endpoint()).toBe(to)
    expect(fixture.plcLog).toHaveLength(2)
    expect(await fixture.handles()).toEqual(consistentHandles(handle))
    expect(await fixture.deliveredKinds()).toContain('#identity')
  })
})

it('another change of the handle that is under way comes first', async () => {
  await beginIdentityChange(fixture.directory, { did, handle: 'bob.test' })
  const second = changeEndpoint(ports(), { did, from, domains })
  await expect(second).rejects.toThrow('Another change of the handle is under way')
})

import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount, resolveHandle } from '#src/directory/accounts.ts'
import { beginIdentityChange, listIdentityChanges } from '#src/directory/identity-changes.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { resumeIdentityChanges, updateHandle } from '#src/gateway/identity/update-handle.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { handleOperation, plcHandle, updateOperation } from '#src/protocol/plc-operation.ts'
import {
  consistentHandles,
  type Fault,
  IdentityFixture,
  rotationKey,
} from '#tests/support/identity-fixture.ts'
import { testDid as did } from '#tests/support/open-account.ts'
import { confirmation, newKey } from '#tests/support/test-directory.ts'

let fixture: IdentityFixture

beforeEach(async () => {
  fixture = await IdentityFixture.open()
})

describe('updateHandle', () => {
  it('updateHandle changes the handle in PLC, directory and account, and emits #identity', async () => {
    await updateHandle(fixture.process(), { did, handle: 'Bob.test' })
    expect(await fixture.handles()).toEqual(consistentHandles('bob.test'))
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
    expect(await resolveHandle(fixture.directory, { handle: 'alice.test' })).toBeNull()
  })

  it('updateHandle to the current handle emits #identity, and publishes nothing', async () => {
    await updateHandle(fixture.process(), { did, handle: 'alice.test' })
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
    expect(await fixture.deliveredKinds()).toEqual(['#identity'])
    expect(fixture.plcLog).toHaveLength(1)
  })

  it('updateHandle keeps the other names of the DID', async () => {
    const last = fixture.plcLog[0]!
    const alsoKnownAs = ['https://a.example', 'at://alice.test', 'at://second.example']
    fixture.plcLog.push(await updateOperation(last, { alsoKnownAs }, rotationKey))
    await updateHandle(fixture.process(), { did, handle: 'bob.test' })
    expect(fixture.plcLog.at(-1)!.alsoKnownAs).toEqual([
      'https://a.example',
      'at://bob.test',
      'at://second.example',
    ])
  })

  it('updateHandle of an owner who keeps all rotation keys follows the operation that the owner has signed', async () => {
    const { key } = newSigningKey()
    const rotationKeys = [key.did()]
    fixture.plcLog.push(await updateOperation(fixture.plcLog[0]!, { rotationKeys }, rotationKey))
    const change = () => updateHandle(fixture.process(), { did, handle: 'bob.test' })
    await expect(change()).rejects.toMatchObject({
      ...{ status: 400, error: 'InvalidRequest' },
      message: expect.stringContaining('its owner has to sign this PLC operation'),
    })
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
    expect(fixture.plcLog).toHaveLength(2)
    fixture.plcLog.push(await handleOperation(fixture.plcLog[1]!, 'bob.test', key))
    await change()
    expect(await fixture.handles()).toEqual(consistentHandles('bob.test'))
  })

  it('updateHandle accepts a domain that resolves to the DID', async () => {
    fixture.handleDids['alice.example.com'] = did
    await updateHandle(fixture.process(), { did, handle: 'alice.example.com' })
    expect(await fixture.handles()).toEqual(consistentHandles('alice.example.com'))
    const stolen = updateHandle(fixture.process(), { did, handle: 'bob.example.com' })
    await expect(stolen).rejects.toThrow('External handle did not resolve to DID')
  })

  it('updateHandle rejects a handle that is taken or reserved', async () => {
    const carol = { did: 'did:plc:carol', handle: 'carol.test', email: 'carol@example.com' }
    await reserveAccount(fixture.directory, { ...carol, ...newKey })
    await beginIdentityChange(fixture.directory, { did: 'did:plc:dan', handle: 'dan.test' })
    for (const handle of ['carol.test', 'dan.test']) {
      const taken = updateHandle(fixture.process(), { did, handle })
      await expect(taken).rejects.toMatchObject({ status: 400, error: 'HandleNotAvailable' })
    }
    const reserved = { did: 'did:plc:erin', handle: 'dan.test', email: 'erin@example.com' }
    await expect(reserveAccount(fixture.directory, { ...reserved, ...newKey })).rejects.toThrow(
      'taken',
    )
    expect(await fixture.handles()).toMatchObject({ plc: 'alice.test', account: 'alice.test' })
  })

  it('updateHandle rejects another change during the first minute of one in progress', async () => {
    await beginIdentityChange(fixture.directory, { did, handle: 'bob.test' })
    const other = () => updateHandle(fixture.process(), { did, handle: 'carol.test' })
    await expect(other()).rejects.toThrow('Another change of the handle is under way')
    fixture.directory.clock.time += 60_000
    await other()
    expect(await fixture.handles()).toEqual(consistentHandles('carol.test'))
  })

  it('updateHandle changes nothing if the PLC directory rejects the operation', async () => {
    fixture.plcError = invalidRequest('no such key')
    const refused = updateHandle(fixture.process(), { did, handle: 'bob.test' })
    await expect(refused).rejects.toThrow('no such key')
    expect(await fixture.handles()).toEqual(consistentHandles('alice.test'))
    expect(await fixture.deliveredKinds()).toEqual([])
  })

  it('updateHandle completes if the operation was accepted but its response lost', async () => {
    fixture.plcErrorAfterAccepting = new XrpcError(502, 'UpstreamFailure', 'unreachable')
    await updateHandle(fixture.process(), { did, handle: 'bob.test' })
    expect(await fixture.handles()).toEqual(consistentHandles('bob.test'))
  })

  it('updateHandle keeps the handle reserved if the outcome at the PLC directory is unknown', async () => {
    fixture.plcError = new XrpcError(502, 'UpstreamFailure', 'unreachable')
    const lost = updateHandle(fixture.process(), { did, handle: 'bob.test' })
    await expect(lost).rejects.toMatchObject({ status: 502 })
    expect(await fixture.handles()).toEqual({ ...consistentHandles('alice.test'), changes: 1 })
    fixture.plcError = undefined
    await updateHandle(fixture.process(), { did, handle: 'bob.test' })
    expect(await fixture.handles()).toEqual(consistentHandles('bob.test'))
  })

  it('updateHandle accepts a handle whose reservation by another account has expired', async () => {
    await beginIdentityChange(fixture.directory, { did: 'did:plc:dan', handle: 'dan.test' })
    fixture.directory.clock.time += 60_000
    await updateHandle(fixture.process(), { did, handle: 'dan.test' })
    expect(await fixture.handles()).toEqual(consistentHandles('dan.test'))
  })

  it('updateHandle is refused to an account that is taken down', async () => {
    await fixture.account.sql.batch([{ sql: `UPDATE account SET status = 'takendown'` }])
    const own = updateHandle(fixture.process(), { did, handle: 'bob.test' })
    await expect(own).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
    const admins = updateHandle(fixture.process(), { did, handle: 'bob.test', allowAnyValid: true })
    await expect(admins).rejects.toMatchObject({ status: 400, message: 'Account not found' })
  })

  it('updateHandle is completed by the next process or call, wherever it crashed', async () => {
    await updateHandle(fixture.process(), { did, handle: 'bob.test' })
    const steps = [...fixture.calls]
    expect(steps).toContain('plc.send')
    const faults = steps.flatMap((_, i): Fault[] => [
      { at: i + 1, when: 'before' },
      { at: i + 1, when: 'after' },
    ])
    for (const fault of faults) {
      fixture = await IdentityFixture.open()
      fixture.fault = fault
      await updateHandle(fixture.process(), { did, handle: 'bob.test' }).catch(() => {})
      fixture.fault = undefined
      const isPublished = plcHandle(fixture.plcLog.at(-1)!) === 'bob.test'
      await resumeIdentityChanges(fixture.process(), { age: 0 })
      const where = `${steps[fault.at - 1]} ${fault.when}`
      const { changes, ...handles } = await fixture.handles()
      const { changes: _, ...expected } = consistentHandles(isPublished ? 'bob.test' : 'alice.test')
      expect(handles, where).toEqual(expected)
      expect(changes, where).toBeLessThanOrEqual(isPublished ? 0 : 1)
      expect((await fixture.deliveredKinds()).length > 0, where).toBe(isPublished)
      fixture.directory.clock.time += 60_000
      await resumeIdentityChanges(fixture.process(), { age: 0 })
      expect(await fixture.handles(), where).toEqual(consistentHandles(handles.plc!))

      await updateHandle(fixture.process(), { did, handle: 'bob.test' })
      expect(await fixture.handles(), where).toEqual(consistentHandles('bob.test'))
    }
    expect(fixture.warnings).toEqual([])
  })
})

describe('updateHandle of a did:web', () => {
  const web = 'did:web:zoe.example.com'

  it('updateHandle of a did:web requires that its document has the handle', async () => {
    const zoe = { did: web, handle: 'zoe.test', email: 'zoe@example.com' }
    await reserveAccount(fixture.directory, { ...zoe, ...newKey })
    await confirmAccount(fixture.directory, { did: web, ...confirmation })
    fixture.handleDids['zoe.example.com'] = web
    const change = () => updateHandle(fixture.process(), { did: web, handle: 'zoe.example.com' })
    await expect(change()).rejects.toThrow('DID is not properly configured for handle')
    expect(await listIdentityChanges(fixture.directory, { age: 0, limit: 1 })).toEqual([])
    fixture.documents[web] = 'zoe.example.com'
    await change()
    expect(await findAccount(fixture.directory, { identifier: web })).toMatchObject({
      handle: 'zoe.example.com',
    })
    expect(fixture.plcLog).toHaveLength(1)
  })
})

describe('finishIdentityChanges', () => {
  it('finishIdentityChanges drops a change whose handle was taken meanwhile', async () => {
    fixture.fault = { at: 5, when: 'after' }
    await updateHandle(fixture.process(), { did, handle: 'bob.test' }).catch(() => {})
    expect(fixture.calls.at(-1)).toBe('plc.send')
    fixture.directory.clock.time += 60_000
    const bob = { did: 'did:plc:bob', handle: 'bob.test', email: 'bob@example.com' }
    await reserveAccount(fixture.directory, { ...bob, ...newKey })
    fixture.fault = undefined
    await resumeIdentityChanges(fixture.process(), { age: 0 })
    expect(await fixture.handles()).toMatchObject({ directory: 'alice.test', changes: 0 })
    expect(fixture.warnings).toEqual([])
  })
})

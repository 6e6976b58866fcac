import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount, resolveHandle } from '#src/directory/accounts.ts'
import { beginIdentityChange, listIdentityChanges } from '#src/directory/identity-changes.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { resumeIdentityChanges, updateHandle } from '#src/gateway/workflows/update-handle.ts'
import { plcHandle, updateOperation } from '#src/protocol/plc-operation.ts'
import {
  consistentHandles,
  type Fault,
  IdentityFixture,
  rotationKey,
} from '#tests/support/identity-fixture.ts'
import { testDid as did } from '#tests/support/open-account.ts'
import { confirmation, newKey } from '#tests/support/test-directory.ts'

let world: IdentityFixture

beforeEach(async () => {
  world = await IdentityFixture.open()
})

describe('updateHandle', () => {
  it('updateHandle changes the handle in PLC, directory and account, and emits #identity', async () => {
    await updateHandle(world.process(), { did, handle: 'Bob.test' })
    expect(await world.handles()).toEqual(consistentHandles('bob.test'))
    expect(await world.deliveredKinds()).toEqual(['#identity'])
    expect(await resolveHandle(world.directory, { handle: 'alice.test' })).toBeNull()
  })

  it('updateHandle to the current handle emits #identity, and publishes nothing', async () => {
    await updateHandle(world.process(), { did, handle: 'alice.test' })
    expect(await world.handles()).toEqual(consistentHandles('alice.test'))
    expect(await world.deliveredKinds()).toEqual(['#identity'])
    expect(world.plcLog).toHaveLength(1)
  })

  it('updateHandle keeps the other names of the DID', async () => {
    const last = world.plcLog[0]!
    const alsoKnownAs = ['https://a.example', 'at://alice.test', 'at://second.example']
    world.plcLog.push(await updateOperation(last, { alsoKnownAs }, rotationKey))
    await updateHandle(world.process(), { did, handle: 'bob.test' })
    expect(world.plcLog.at(-1)!.alsoKnownAs).toEqual([
      'https://a.example',
      'at://bob.test',
      'at://second.example',
    ])
  })

  it('updateHandle accepts a domain that resolves to the DID', async () => {
    world.handleDids['alice.example.com'] = did
    await updateHandle(world.process(), { did, handle: 'alice.example.com' })
    expect(await world.handles()).toEqual(consistentHandles('alice.example.com'))
    const stolen = updateHandle(world.process(), { did, handle: 'bob.example.com' })
    await expect(stolen).rejects.toThrow('External handle did not resolve to DID')
  })

  it('updateHandle rejects a handle that is taken or reserved', async () => {
    const carol = { did: 'did:plc:carol', handle: 'carol.test', email: 'carol@example.com' }
    await reserveAccount(world.directory, { ...carol, ...newKey })
    await beginIdentityChange(world.directory, { did: 'did:plc:dan', handle: 'dan.test' })
    for (const handle of ['carol.test', 'dan.test']) {
      const taken = updateHandle(world.process(), { did, handle })
      await expect(taken).rejects.toMatchObject({ status: 400, error: 'HandleNotAvailable' })
    }
    const reserved = { did: 'did:plc:erin', handle: 'dan.test', email: 'erin@example.com' }
    await expect(reserveAccount(world.directory, { ...reserved, ...newKey })).rejects.toThrow(
      'taken',
    )
    expect(await world.handles()).toMatchObject({ plc: 'alice.test', account: 'alice.test' })
  })

  it('updateHandle rejects another change during the first minute of one in progress', async () => {
    await beginIdentityChange(world.directory, { did, handle: 'bob.test' })
    const other = () => updateHandle(world.process(), { did, handle: 'carol.test' })
    await expect(other()).rejects.toThrow('Another change of the handle is under way')
    world.directory.clock.time += 60_000
    await other()
    expect(await world.handles()).toEqual(consistentHandles('carol.test'))
  })

  it('updateHandle changes nothing if the PLC directory rejects the operation', async () => {
    world.plcError = invalidRequest('no such key')
    const refused = updateHandle(world.process(), { did, handle: 'bob.test' })
    await expect(refused).rejects.toThrow('no such key')
    expect(await world.handles()).toEqual(consistentHandles('alice.test'))
    expect(await world.deliveredKinds()).toEqual([])
  })

  it('updateHandle completes if the operation was accepted but its response lost', async () => {
    world.plcErrorAfterAccepting = new XrpcError(502, 'UpstreamFailure', 'unreachable')
    await updateHandle(world.process(), { did, handle: 'bob.test' })
    expect(await world.handles()).toEqual(consistentHandles('bob.test'))
  })

  it('updateHandle keeps the handle reserved if the outcome at the PLC directory is unknown', async () => {
    world.plcError = new XrpcError(502, 'UpstreamFailure', 'unreachable')
    const lost = updateHandle(world.process(), { did, handle: 'bob.test' })
    await expect(lost).rejects.toMatchObject({ status: 502 })
    expect(await world.handles()).toEqual({ ...consistentHandles('alice.test'), changes: 1 })
    world.plcError = undefined
    await updateHandle(world.process(), { did, handle: 'bob.test' })
    expect(await world.handles()).toEqual(consistentHandles('bob.test'))
  })

  it('updateHandle accepts a handle whose reservation by another account has expired', async () => {
    await beginIdentityChange(world.directory, { did: 'did:plc:dan', handle: 'dan.test' })
    world.directory.clock.time += 60_000
    await updateHandle(world.process(), { did, handle: 'dan.test' })
    expect(await world.handles()).toEqual(consistentHandles('dan.test'))
  })

  it('updateHandle is refused to an account that is taken down', async () => {
    await world.account.sql.batch([{ sql: `UPDATE account SET status = 'takendown'` }])
    const own = updateHandle(world.process(), { did, handle: 'bob.test' })
    await expect(own).rejects.toMatchObject({ status: 401, error: 'AccountTakedown' })
    const admins = updateHandle(world.process(), { did, handle: 'bob.test', allowAnyValid: true })
    await expect(admins).rejects.toMatchObject({ status: 400, message: 'Account not found' })
  })

  it('updateHandle is completed by the next process or call, wherever it crashed', async () => {
    await updateHandle(world.process(), { did, handle: 'bob.test' })
    const steps = [...world.calls]
    expect(steps).toContain('plc.send')
    const faults = steps.flatMap((_, i): Fault[] => [
      { at: i + 1, when: 'before' },
      { at: i + 1, when: 'after' },
    ])
    for (const fault of faults) {
      world = await IdentityFixture.open()
      world.fault = fault
      await updateHandle(world.process(), { did, handle: 'bob.test' }).catch(() => {})
      world.fault = undefined
      const isPublished = plcHandle(world.plcLog.at(-1)!) === 'bob.test'
      await resumeIdentityChanges(world.process(), { age: 0 })
      const where = `${steps[fault.at - 1]} ${fault.when}`
      const { changes, ...handles } = await world.handles()
      const { changes: _, ...expected } = consistentHandles(isPublished ? 'bob.test' : 'alice.test')
      expect(handles, where).toEqual(expected)
      expect(changes, where).toBeLessThanOrEqual(isPublished ? 0 : 1)
      expect((await world.deliveredKinds()).length > 0, where).toBe(isPublished)
      world.directory.clock.time += 60_000
      await resumeIdentityChanges(world.process(), { age: 0 })
      expect(await world.handles(), where).toEqual(consistentHandles(handles.plc!))

      await updateHandle(world.process(), { did, handle: 'bob.test' })
      expect(await world.handles(), where).toEqual(consistentHandles('bob.test'))
    }
    expect(world.warnings).toEqual([])
  })
})

describe('updateHandle of a did:web', () => {
  const web = 'did:web:zoe.example.com'

  it('updateHandle of a did:web requires that its document has the handle', async () => {
    const zoe = { did: web, handle: 'zoe.test', email: 'zoe@example.com' }
    await reserveAccount(world.directory, { ...zoe, ...newKey })
    await confirmAccount(world.directory, { did: web, ...confirmation })
    world.handleDids['zoe.example.com'] = web
    const change = () => updateHandle(world.process(), { did: web, handle: 'zoe.example.com' })
    await expect(change()).rejects.toThrow('DID is not properly configured for handle')
    expect(await listIdentityChanges(world.directory, { age: 0, limit: 1 })).toEqual([])
    world.documents[web] = 'zoe.example.com'
    await change()
    expect(await findAccount(world.directory, { identifier: web })).toMatchObject({
      handle: 'zoe.example.com',
    })
    expect(world.plcLog).toHaveLength(1)
  })
})

describe('finishIdentityChanges', () => {
  it('finishIdentityChanges drops a change whose handle was taken meanwhile', async () => {
    world.fault = { at: 5, when: 'after' }
    await updateHandle(world.process(), { did, handle: 'bob.test' }).catch(() => {})
    expect(world.calls.at(-1)).toBe('plc.send')
    world.directory.clock.time += 60_000
    const bob = { did: 'did:plc:bob', handle: 'bob.test', email: 'bob@example.com' }
    await reserveAccount(world.directory, { ...bob, ...newKey })
    world.fault = undefined
    await resumeIdentityChanges(world.process(), { age: 0 })
    expect(await world.handles()).toMatchObject({ directory: 'alice.test', changes: 0 })
    expect(world.warnings).toEqual([])
  })
})

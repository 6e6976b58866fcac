import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { confirmAccount } from '#src/directory/reservations.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { beginSuspension, endSuspension, takeSweep } from '#src/directory/tenant-suspensions.ts'
import { setTenantStatus } from '#src/directory/tenants.ts'
import { create, reserve, withTenant } from '#tests/support/tenant-directory.ts'
import { confirmation, type TestDirectory } from '#tests/support/test-directory.ts'

describe('the suspension of a tenant', () => {
  const suspend = async (directory: TestDirectory, did: string, isSuspended = false) => {
    const begun = await beginSuspension(directory, { did, by: 'server', isSuspended })
    if (begun) await setState(directory, { did, status: 'suspended', deleteAfter: null })
    return begun
  }

  async function suspended(): Promise<TestDirectory> {
    const directory = await withTenant()
    for (const name of ['a', 'b', 'c']) await create(directory, name)
    await create(directory, 'foreign', { tenant: null })
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    return directory
  }

  it('lists the accounts that are left, for one process at a time, until none is left', async () => {
    const directory = await suspended()
    const sweep = { tenant: 'roomy', suspended: true }
    const first = await takeSweep(directory, { limit: 2 })
    expect(first).toEqual({ ...sweep, dids: ['did:plc:a', 'did:plc:b'] })
    expect(await takeSweep(directory, { limit: 2 })).toBeNull()
    for (const did of first!.dids) await suspend(directory, did)
    const next = { tenant: 'roomy', after: 'did:plc:b', limit: 2 }
    expect(await takeSweep(directory, next)).toEqual({ ...sweep, dids: ['did:plc:c'] })
    await suspend(directory, 'did:plc:c')
    expect(await takeSweep(directory, { ...next, after: 'did:plc:c' })).toMatchObject({ dids: [] })
    directory.clock.time += 60_000
    expect(await takeSweep(directory, { limit: 2 })).toBeNull()
  })

  it('is taken up by another process after a crash, also between the note and the account', async () => {
    const directory = await suspended()
    await takeSweep(directory, { limit: 9 })
    await suspend(directory, 'did:plc:a')
    await beginSuspension(directory, { did: 'did:plc:b', by: 'server', isSuspended: false })
    directory.clock.time += 60_000
    const again = await takeSweep(directory, { limit: 9 })
    expect(again?.dids).toEqual(['did:plc:b', 'did:plc:c'])
  })

  it('reaches an account whose creation had begun, and refuses new ones', async () => {
    const directory = await withTenant()
    await reserve(directory, 'late')
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    expect((await takeSweep(directory, { limit: 9 }))?.dids).toEqual([])
    directory.clock.time += 60_000
    expect(await takeSweep(directory, { limit: 9 })).toBeNull()
    await confirmAccount(directory, { did: 'did:plc:late', ...confirmation })
    expect((await takeSweep(directory, { limit: 9 }))?.dids).toEqual(['did:plc:late'])
    const more = reserve(directory, 'more')
    await expect(more).rejects.toMatchObject({ status: 403, error: 'TenantSuspended' })
  })

  it('ends for the accounts that it has suspended, and not for those of the tenant or the operator', async () => {
    const directory = await withTenant()
    for (const name of ['a', 'b', 'c']) await create(directory, name)
    const state = (did: string) => ({ did, status: 'suspended', deleteAfter: null })
    await beginSuspension(directory, { did: 'did:plc:a', by: 'tenant', isSuspended: false })
    await setState(directory, state('did:plc:a'))
    await setState(directory, state('did:plc:b'))
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    const { dids } = (await takeSweep(directory, { limit: 9 }))!
    expect(dids).toEqual(['did:plc:b', 'did:plc:c'])
    expect(await suspend(directory, 'did:plc:b', true)).toBe(false)
    expect(await suspend(directory, 'did:plc:c')).toBe(true)
    await setTenantStatus(directory, { id: 'roomy', status: 'active' })
    const restored = await takeSweep(directory, { limit: 9 })
    expect(restored).toEqual({ tenant: 'roomy', suspended: false, dids: ['did:plc:c'] })
    await endSuspension(directory, { did: 'did:plc:c' })
    await takeSweep(directory, { tenant: 'roomy', limit: 9 })
    const find = (did: string) => findTenantAccount(directory, { tenant: 'roomy', did })
    expect(await find('did:plc:a')).toMatchObject({ suspendedBy: 'tenant' })
    expect(await find('did:plc:b')).toMatchObject({ suspendedBy: null })
  })
})

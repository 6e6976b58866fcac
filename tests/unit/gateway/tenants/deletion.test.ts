/** The end of a tenant, on a real directory: what becomes of its accounts and of everything else that it has. */
import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { confirmAccount } from '#src/directory/reservations.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { listTenantsOf, putTenantAdmin } from '#src/directory/tenant-admins.ts'
import { moveToTenant } from '#src/directory/tenant-admission.ts'
import {
  beginTenantDeletion,
  detachAccount,
  removeTenant,
  takeTenantDeletion,
} from '#src/directory/tenant-deletion.ts'
import {
  listHandleDomains,
  putTenantDomain,
  setDomainVerified,
} from '#src/directory/tenant-domains.ts'
import { beginSuspension, takeSweep } from '#src/directory/tenant-suspensions.ts'
import { createTenant, getTenant, listTenants, setTenantStatus } from '#src/directory/tenants.ts'
import { deleteTenants, type TenantDeletionPorts } from '#src/gateway/tenants/deletion.ts'
import { create, reserve, withTenant } from '#tests/support/tenant-directory.ts'
import { confirmation } from '#tests/support/test-directory.ts'

const SIZE = 45

async function open() {
  const directory = await withTenant()
  await putTenantAdmin(directory, { tenant: 'roomy', did: 'did:plc:ruth', role: 'owner' })
  const domain = { tenant: 'roomy', domain: 'roomy.space', challenge: 'c' }
  await putTenantDomain(directory, { ...domain, labelMin: 1, labelMax: 63 })
  await setDomainVerified(directory, domain)
  for (let i = 0; i < SIZE; i++) await create(directory, `a${i}`)
  await create(directory, 'foreign', { tenant: null })
  const endpoints = new Set(['we_1', 'we_2'])
  const keys = new Set(['hw_roomy_abcdef'])
  const audited: string[] = []
  const deleted: string[] = []
  const restored: string[] = []
  const failing = new Set<string>()
  const ports: TenantDeletionPorts = {
    dispatch: {
      account: (did) => ({
        lifecycle: { changeState: async () => void restored.push(did) },
      }),
      webhooks: (owner) => ({
        endpoints: {
          list: async () => (owner === 'tenant roomy' ? [...endpoints].map((id) => ({ id })) : []),
          remove: async ({ id }) => void endpoints.delete(id),
        },
      }),
      tenant: () => ({
        keys: {
          list: async () => [...keys].map((prefix) => ({ prefix })),
          delete: async ({ prefix }) => void keys.delete(prefix),
        },
        audit: { add: async ({ action }) => void audited.push(action) },
      }),
      directory: {
        tenantDeletion: {
          take: (input) => takeTenantDeletion(directory, input),
          detach: (input) => detachAccount(directory, input),
          remove: (input) => removeTenant(directory, input),
        },
      },
    },
    deleteAccount: async (did) => {
      if (failing.has(did)) throw new Error('away')
      deleted.push(did)
      await setState(directory, { did, status: 'deleted', deleteAfter: null })
      await removeDeletedAccount(directory, { did })
    },
    log: { warn: () => {} } as never,
    pause: async () => {},
  }
  const begin = (keepAccounts = false) =>
    beginTenantDeletion(directory, { id: 'roomy', keepAccounts })
  const isGone = async () => (await getTenant(directory, { id: 'roomy' })) === null
  const lease = () => {
    directory.clock.time += 60_000
  }
  const more = { endpoints, keys, audited, deleted, restored, failing }
  return { directory, ports, begin, isGone, lease, ...more }
}

describe('a tenant that is deleted', () => {
  it('loses its accounts, its domains, admins, keys, invites and webhooks', async () => {
    const { directory, ports, begin, isGone, deleted, endpoints, keys } = await open()
    expect(await begin()).toMatchObject({ status: 'deleting' })
    await deleteTenants(ports)
    expect(new Set(deleted).size).toBe(SIZE)
    expect(await isGone()).toBe(true)
    expect((await listTenants(directory, { limit: 10 })).tenants).toEqual([])
    expect(await listHandleDomains(directory)).toEqual([])
    expect(await listTenantsOf(directory, { did: 'did:plc:ruth' })).toEqual([])
    expect(await listTenantsOf(directory, { did: 'did:web:roomy.example' })).toEqual([])
    expect([endpoints.size, keys.size]).toEqual([0, 0])
    const left = await directory.sql.all('SELECT did FROM account')
    expect(left).toEqual([{ did: 'did:plc:foreign' }])
    for (const table of ['invite_code', 'deleted_external_id', 'tenant_admin', 'tenant_domain']) {
      expect(await directory.sql.all(`SELECT 1 FROM ${table}`)).toEqual([])
    }
  })

  it('leaves its accounts to the operator if they are kept, restored from its suspension', async () => {
    const { directory, ports, begin, isGone, deleted, restored } = await open()
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    const suspension = { did: 'did:plc:a1', by: 'server', isSuspended: false } as const
    await beginSuspension(directory, suspension)
    await begin(true)
    await deleteTenants(ports)
    expect(await isGone()).toBe(true)
    expect([deleted, restored]).toEqual([[], ['did:plc:a1']])
    const rows = await directory.sql.all(
      'SELECT 1 FROM account WHERE tenant IS NULL AND suspended_by IS NULL AND kind IS NULL',
    )
    expect(rows).toHaveLength(SIZE + 1)
    const found = await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:a1' })
    expect(found).toBeNull()
  })

  it('has no new accounts, and is neither suspended nor restored', async () => {
    const { directory, ports, begin } = await open()
    await reserve(directory, 'begun')
    await begin()
    await expect(create(directory, 'late')).rejects.toMatchObject({ error: 'TenantSuspended' })
    expect(await takeSweep(directory, { limit: 5 })).toBeNull()
    for (const status of ['active', 'suspended'] as const) {
      const change = setTenantStatus(directory, { id: 'roomy', status })
      await expect(change).rejects.toMatchObject({ error: 'TenantDeleting' })
    }
    await deleteTenants(ports)
    // Its creation began before.
    const confirmed = confirmAccount(directory, { did: 'did:plc:begun', ...confirmation })
    await expect(confirmed).rejects.toMatchObject({ status: 400 })
  })

  it('is not gone while an account is confirmed whose creation began before', async () => {
    const { directory, ports, begin, isGone, lease } = await open()
    await reserve(directory, 'begun')
    await begin()
    const { remove } = ports.dispatch.directory.tenantDeletion
    const did = 'did:plc:begun'
    ports.dispatch.directory.tenantDeletion.remove = async (input) => {
      // Both wait until the directory has written this, and might then be in one transaction.
      const busy = directory.lane.write([], async () => {
        await new Promise(setImmediate)
        return { answer: undefined, statements: [] }
      })
      const confirming = confirmAccount(directory, { did, ...confirmation })
      const [removed] = await Promise.all([remove(input), confirming, busy])
      return removed
    }
    await deleteTenants(ports)
    expect(await isGone()).toBe(false)
    expect(await findTenantAccount(directory, { tenant: 'roomy', did })).not.toBeNull()
    ports.dispatch.directory.tenantDeletion.remove = remove
    lease()
    await deleteTenants(ports)
    expect(await isGone()).toBe(true)
  })

  it('is deleted by another process after a crash, each account once', async () => {
    const { ports, begin, isGone, deleted, lease } = await open()
    await begin()
    await deleteTenants(ports, () => deleted.length >= 25)
    expect(deleted).toHaveLength(25)
    await deleteTenants(ports)
    expect(deleted).toHaveLength(25)
    lease()
    await deleteTenants(ports)
    expect(await isGone()).toBe(true)
    expect(deleted).toHaveLength(SIZE)
    expect(new Set(deleted).size).toBe(SIZE)
  })

  it('stays until accounts that could not be deleted are', async () => {
    const { ports, begin, isGone, failing, lease, endpoints } = await open()
    failing.add('did:plc:a7')
    await begin()
    await deleteTenants(ports)
    expect(await isGone()).toBe(false)
    expect(endpoints.size).toBe(2)
    failing.clear()
    await deleteTenants(ports)
    expect(await isGone()).toBe(false)
    lease()
    await deleteTenants(ports)
    expect(await isGone()).toBe(true)
  })

  it('leaves an account that is moved out of it while the one before is deleted', async () => {
    const { directory, ports, begin, isGone, deleted } = await open()
    const { deleteAccount } = ports
    ports.deleteAccount = async (did) => {
      if (did === 'did:plc:a0') await moveToTenant(directory, { did: 'did:plc:a1', tenant: null })
      await deleteAccount(did)
    }
    await begin()
    await deleteTenants(ports)
    expect(deleted).not.toContain('did:plc:a1')
    expect([deleted.length, await isGone()]).toEqual([SIZE - 1, true])
  })

  it('keeps the accounts that are left, if the operator decides so meanwhile', async () => {
    const { ports, begin, isGone, deleted } = await open()
    const { deleteAccount } = ports
    ports.deleteAccount = async (did) => {
      if (deleted.length === 2) await begin(true)
      await deleteAccount(did)
    }
    await begin()
    await deleteTenants(ports)
    expect([deleted.length, await isGone()]).toEqual([3, true])
  })

  it('does not give its id to another one', async () => {
    const { directory, ports, begin } = await open()
    await begin()
    await deleteTenants(ports)
    const again = createTenant(directory, { id: 'roomy', name: 'Roomy' })
    await expect(again).rejects.toMatchObject({ error: 'TenantExists' })
    await createTenant(directory, { id: 'other', name: 'Other', did: 'did:web:roomy.example' })
    await expect(begin()).rejects.toMatchObject({ error: 'TenantNotFound' })
  })
})

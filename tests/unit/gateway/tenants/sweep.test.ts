import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { beginSuspension, endSuspension, takeSweep } from '#src/directory/tenant-suspensions.ts'
import { setTenantStatus } from '#src/directory/tenants.ts'
import { type SweepPorts, sweepTenants } from '#src/gateway/tenants/sweep.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'

const SIZE = 120

/** A tenant with many accounts, which push their state to the directory as real ones do. */
async function open() {
  const directory = await withTenant()
  const suspended = new Map<string, boolean>()
  for (let i = 0; i < SIZE; i++) await create(directory, `a${String(i).padStart(3, '0')}`)
  const changes: string[] = []
  const warnings: unknown[] = []
  /** Called before each change of an account. */
  const hooks = { before: async (_did: string) => {} }
  const ports = (): SweepPorts => ({
    dispatch: {
      account: (did) => ({
        lifecycle: {
          changeState: async (change) => {
            await hooks.before(did)
            changes.push(`${did} ${change.suspended}`)
            suspended.set(did, change.suspended)
            const status = change.suspended ? 'suspended' : 'active'
            await setState(directory, { did, status, deleteAfter: null })
          },
        },
        moderation: {
          getState: async () => ({
            status: 'active',
            suspendedAt: suspended.get(did) === true ? '2026-01-01T00:00:00Z' : null,
          }),
        },
      }),
      directory: {
        tenantAccounts: {
          takeSweep: (input) => takeSweep(directory, input),
          beginSuspension: (input) => beginSuspension(directory, input),
          endSuspension: (input) => endSuspension(directory, input),
        },
      },
    },
    log: { warn: (what: unknown) => warnings.push(what) } as never,
    pause: async () => {},
  })
  const setStatus = (status: 'active' | 'suspended') =>
    setTenantStatus(directory, { id: 'roomy', status })
  const count = () => [...suspended.values()].filter(Boolean).length
  return { directory, ports, setStatus, count, changes, warnings, hooks, suspended }
}

describe('the accounts of a suspended tenant', () => {
  it('are all suspended once, and all restored once', async () => {
    const { ports, setStatus, count, changes } = await open()
    await setStatus('suspended')
    await sweepTenants(ports())
    expect(count()).toBe(SIZE)
    expect(changes).toHaveLength(SIZE)
    await sweepTenants(ports())
    expect(changes).toHaveLength(SIZE)
    await setStatus('active')
    await sweepTenants(ports())
    expect(count()).toBe(0)
    expect(changes).toHaveLength(2 * SIZE)
  })

  it('are suspended once by two processes at the same time', async () => {
    const { ports, setStatus, count, changes } = await open()
    await setStatus('suspended')
    await Promise.all([sweepTenants(ports()), sweepTenants(ports())])
    expect(count()).toBe(SIZE)
    expect(changes).toHaveLength(SIZE)
  })

  it('are suspended by another process after a crash', async () => {
    const { ports, setStatus, count, directory } = await open()
    await setStatus('suspended')
    let left = 30
    const crashed = () => left-- <= 0
    await sweepTenants(ports(), crashed)
    expect(count()).toBe(30)
    await sweepTenants(ports())
    expect(count()).toBe(30)
    directory.clock.time += 60_000
    await sweepTenants(ports())
    expect(count()).toBe(SIZE)
  })

  it('are tried again if one fails, and the others do not wait for it', async () => {
    const { ports, setStatus, count, directory, hooks, warnings } = await open()
    hooks.before = async (did) => {
      if (did.endsWith('a010')) throw new Error('damaged')
    }
    await setStatus('suspended')
    await sweepTenants(ports())
    expect(count()).toBe(SIZE - 1)
    expect(warnings).toHaveLength(1)
    hooks.before = async () => {}
    directory.clock.time += 60_000
    await sweepTenants(ports())
    expect(count()).toBe(SIZE)
  })

  it('are active in the end if the tenant is restored while they are being suspended', async () => {
    const { ports, setStatus, count, directory, hooks } = await open()
    await setStatus('suspended')
    let changed = 0
    hooks.before = async () => {
      if (++changed !== 30) return
      await setStatus('active')
      // Another process restores all that it finds, also the account that is about to be suspended.
      await sweepTenants(ports())
    }
    await sweepTenants(ports())
    directory.clock.time += 60_000
    await sweepTenants(ports())
    expect(count()).toBe(0)
    const first = await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:a029' })
    expect(first).toMatchObject({ status: 'active', suspendedBy: null })
  })
})

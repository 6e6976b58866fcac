import { describe, expect, it } from 'vitest'
import { createInviteCodes } from '#src/directory/invites.ts'
import { confirmAccount } from '#src/directory/reservations.ts'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import {
  createTenantInvites,
  disableTenantInvites,
  listTenantInvites,
} from '#src/directory/tenant-invites.ts'
import { createTenant, setTenantStatus } from '#src/directory/tenants.ts'
import { reserve, withTenant } from '#tests/support/tenant-directory.ts'
import { addInviteCode, confirmation } from '#tests/support/test-directory.ts'

const invites = (codes: string[], uses = 1) => ({ tenant: 'roomy', codes, uses, by: 'operator' })
const withCode = (inviteCode: string) => ({ tenant: null, inviteCode })

describe('invite codes of a tenant', () => {
  it('make accounts of the tenant, as many as they have uses', async () => {
    const directory = await withTenant()
    await createTenantInvites(directory, invites(['roomy_code'], 1))
    await reserve(directory, 'one', withCode('roomy_code'))
    await confirmAccount(directory, { did: 'did:plc:one', ...confirmation })
    const found = await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:one' })
    expect(found).toMatchObject({ kind: 'person', externalId: null })
    const second = reserve(directory, 'two', withCode('roomy_code'))
    await expect(second).rejects.toMatchObject({ error: 'InvalidInviteCode' })
    const listed = await listTenantInvites(directory, { tenant: 'roomy', limit: 9 })
    expect(listed.invites).toMatchObject([
      { code: 'roomy_code', uses: 1, used: 1, disabled: false },
    ])
  })

  it('count against the quota, and are of no use while the tenant is suspended', async () => {
    const directory = await withTenant({ accounts: 1 })
    await createTenantInvites(directory, invites(['roomy_code'], 9))
    await reserve(directory, 'one', withCode('roomy_code'))
    const second = reserve(directory, 'two', withCode('roomy_code'))
    await expect(second).rejects.toMatchObject({ status: 413, error: 'QuotaExceeded' })
    await setTenantStatus(directory, { id: 'roomy', status: 'suspended' })
    const third = reserve(directory, 'three', withCode('roomy_code'))
    await expect(third).rejects.toMatchObject({ status: 403, error: 'TenantSuspended' })
  })

  it('are disabled by the tenant that has them, and those of others stay', async () => {
    const directory = await withTenant()
    await createTenant(directory, { id: 'other', name: 'Other' })
    await createTenantInvites(directory, invites(['roomy_a', 'roomy_b']))
    const general = await addInviteCode(directory, { useCount: 1 })
    const disable = (tenant: string, codes: string[]) =>
      disableTenantInvites(directory, { tenant, codes })
    await disable('other', ['roomy_a', 'roomy_b', general])
    await disable('roomy', ['roomy_b', general])
    const { invites: listed } = await listTenantInvites(directory, { tenant: 'roomy', limit: 9 })
    expect(listed.map(({ code, disabled }) => [code, disabled])).toEqual([
      ['roomy_a', false],
      ['roomy_b', true],
    ])
    await reserve(directory, 'one', withCode(general))
    expect(await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:one' })).toBeNull()
  })

  it('a code that only looks like one of a tenant is of no use', async () => {
    const directory = await withTenant()
    const codes = [{ account: 'admin', codes: ['roomy_forged'] }]
    await createInviteCodes(directory, { useCount: 1, codes })
    const one = reserve(directory, 'one', withCode('roomy_forged'))
    await expect(one).rejects.toMatchObject({ status: 400, error: 'InvalidInviteCode' })
  })

  it('a tenant has 10,000 at most', async () => {
    const directory = await withTenant()
    const codes = (from: number, n: number) => Array.from({ length: n }, (_, i) => `c${from + i}`)
    for (let i = 0; i < 10; i++) await createTenantInvites(directory, invites(codes(i * 1e3, 1e3)))
    const more = createTenantInvites(directory, invites(['more']))
    await expect(more).rejects.toMatchObject({ status: 413, error: 'QuotaExceeded' })
  })
})

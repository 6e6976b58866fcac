import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { releaseReservation } from '#src/directory/reservations.ts'
import {
  findTenantAccount,
  isCustodial,
  listTenantAccounts,
  setExternalId,
} from '#src/directory/tenant-accounts.ts'
import { listTenantsOf, putTenantAdmin } from '#src/directory/tenant-admins.ts'
import { moveToTenant } from '#src/directory/tenant-admission.ts'
import { putTenantDomain, setDomainVerified } from '#src/directory/tenant-domains.ts'
import {
  confirmForTenant,
  reserveForTenant,
  type TenantReservation,
} from '#src/directory/tenant-reservations.ts'
import { createTenant, getTenant, updateTenant } from '#src/directory/tenants.ts'
import { create, reserve, withTenant } from '#tests/support/tenant-directory.ts'
import { confirmation, newKey, type TestDirectory } from '#tests/support/test-directory.ts'

const group = { creator: 'did:plc:ruth', members: [], roles: [], records: [] }

const named = (name: string) => ({
  ...{ did: `did:plc:${name}`, handle: `${name}.test`, email: null, genesis: '{}', ...newKey },
})

/** Creates an account as the tenant does; the answer of its reservation. */
async function provision(directory: TestDirectory, account: TenantReservation) {
  const reservation = { tenant: 'roomy', accounts: [account] }
  const [answer] = await reserveForTenant(directory, reservation)
  const { did } = account
  const confirmed = { did, ...confirmation, passwordHash: null, tokenId: null }
  if (answer?.type === 'reserved') await confirmForTenant(directory, { accounts: [confirmed] })
  return answer
}

const usageOf = async (directory: TestDirectory) =>
  (await getTenant(directory, { id: 'roomy' }))?.usage

describe('quotas of a tenant', () => {
  it('of 32 accounts that are created at once, as many as the quota allows are', async () => {
    const directory = await withTenant({ accounts: 10 })
    const all = Array.from({ length: 32 }, (_, i) => reserve(directory, `account${i}`))
    const outcomes = await Promise.allSettled(all)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(22)
    expect(refused[0]!.reason).toMatchObject({
      ...{
        status: 413,
        error: 'QuotaExceeded',
        message: 'The tenant may have 10 accounts at most',
      },
    })
    expect(await usageOf(directory)).toMatchObject({ accounts: 10, accountsThisHour: 10 })
  })

  it('an account counts until it is removed, its creation is given up, or its reservation expires', async () => {
    const directory = await withTenant({ accounts: 2 })
    await create(directory, 'one')
    await reserve(directory, 'two')
    await expect(reserve(directory, 'three')).rejects.toMatchObject({ error: 'QuotaExceeded' })
    await releaseReservation(directory, { did: 'did:plc:two' })
    await reserve(directory, 'three')
    directory.clock.time += 5 * 60_000
    await create(directory, 'four')
    expect(await usageOf(directory)).toMatchObject({ accounts: 2 })
    const gone = { did: 'did:plc:one', status: 'deleted', deleteAfter: null }
    await setState(directory, gone)
    expect(await usageOf(directory)).toMatchObject({ accounts: 2 })
    await removeDeletedAccount(directory, gone)
    expect(await usageOf(directory)).toMatchObject({ accounts: 1 })
  })

  it('a repeated reservation counts once', async () => {
    const directory = await withTenant({ accounts: 1, accountsPerHour: 1 })
    await reserve(directory, 'one')
    await reserve(directory, 'one')
    await create(directory, 'one')
    await reserve(directory, 'one')
    expect(await usageOf(directory)).toMatchObject({ accounts: 1, accountsThisHour: 1 })
  })

  it('groups are counted among the accounts and by themselves', async () => {
    const directory = await withTenant({ groups: 1 })
    await create(directory, 'cooks', { group })
    await create(directory, 'alice')
    const more = reserve(directory, 'bakers', { group })
    await expect(more).rejects.toMatchObject({ message: 'The tenant may have 1 groups at most' })
    expect(await usageOf(directory)).toMatchObject({ accounts: 2, groups: 1 })
  })

  it('accounts of an hour are counted also if they are deleted, and anew in the next one', async () => {
    const directory = await withTenant({ accountsPerHour: 1 })
    directory.clock.time = 1_000 * 3_600_000
    await reserve(directory, 'one')
    await releaseReservation(directory, { did: 'did:plc:one' })
    await expect(reserve(directory, 'two')).rejects.toMatchObject({
      ...{ error: 'QuotaExceeded', headers: { 'retry-after': '3600' } },
    })
    directory.clock.time += 3_600_000
    await reserve(directory, 'two')
  })

  it('a change of a quota counts for the next account', async () => {
    const directory = await withTenant({ accounts: 0 })
    await expect(reserve(directory, 'one')).rejects.toMatchObject({ error: 'QuotaExceeded' })
    await updateTenant(directory, { id: 'roomy', quotas: { accounts: 1 } })
    await reserve(directory, 'one')
    await expect(reserve(directory, 'two')).rejects.toMatchObject({ error: 'QuotaExceeded' })
  })

  it('accounts of no tenant are not counted', async () => {
    const directory = await withTenant({ accounts: 0 })
    await create(directory, 'alice', { tenant: null })
    expect(await usageOf(directory)).toMatchObject({ accounts: 0 })
  })
})

describe('external ids', () => {
  it('two tenants may use the same external id', async () => {
    const directory = await withTenant()
    await createTenant(directory, { id: 'other', name: 'Other' })
    for (const [name, tenant] of [
      ['one', 'roomy'],
      ['two', 'other'],
    ] as const) {
      await create(directory, name, { tenant })
      await setExternalId(directory, { did: `did:plc:${name}`, tenant, externalId: 'a' })
    }
    const find = (tenant: string) => findTenantAccount(directory, { tenant, externalId: 'a' })
    expect(await find('roomy')).toMatchObject({ did: 'did:plc:one' })
    expect(await find('other')).toMatchObject({ did: 'did:plc:two' })
  })

  it('the external id of a deleted account is not free again', async () => {
    const directory = await withTenant()
    const first = { ...named('one'), externalId: 'a' }
    expect(await provision(directory, first)).toMatchObject({ type: 'reserved' })
    const taken = {
      ...{ type: 'refused' },
      refusal: {
        error: 'ExternalIdTaken',
        message: 'The account of this external id was deleted',
      },
    }
    const again = () => provision(directory, { ...named('two'), externalId: 'a' })
    await setState(directory, { did: 'did:plc:one', status: 'deleted', deleteAfter: null })
    expect(await again()).toMatchObject(taken)
    await removeDeletedAccount(directory, { did: 'did:plc:one' })
    expect(await again()).toMatchObject(taken)
    await create(directory, 'three')
    const name = { tenant: 'roomy', did: 'did:plc:three', externalId: 'a' }
    const refused = { status: 400, error: 'ExternalIdTaken' }
    await expect(setExternalId(directory, name)).rejects.toMatchObject(refused)
    await expect(moveToTenant(directory, name)).rejects.toMatchObject(refused)
    expect(await usageOf(directory)).toMatchObject({ accounts: 1 })
  })

  it('the external id of a creation that was given up is free again', async () => {
    const directory = await withTenant()
    const one = { ...named('one'), externalId: 'a' }
    await reserveForTenant(directory, { tenant: 'roomy', accounts: [one] })
    await releaseReservation(directory, { did: 'did:plc:one' })
    const two = { ...named('two'), externalId: 'a' }
    expect(await provision(directory, two)).toMatchObject({ type: 'reserved' })
  })
})

describe('accounts of a tenant', () => {
  it('are listed in the order of their creation, by page, and not those of other tenants', async () => {
    const directory = await withTenant()
    await create(directory, 'foreign', { tenant: null })
    for (const name of ['one', 'two', 'three']) {
      directory.clock.time += 1
      await create(directory, name)
    }
    await reserve(directory, 'four')
    const first = await listTenantAccounts(directory, { tenant: 'roomy', limit: 2 })
    expect(first.accounts.map(({ handle }) => handle)).toEqual(['one.test', 'two.test'])
    const page = { tenant: 'roomy', limit: 2, cursor: first.cursor! }
    const second = await listTenantAccounts(directory, page)
    expect(second.accounts.map(({ handle }) => handle)).toEqual(['three.test'])
    expect(second.cursor).toBeUndefined()
    const find = { tenant: 'roomy', did: 'did:plc:foreign' }
    expect(await findTenantAccount(directory, find)).toBeNull()
  })
})

describe('accounts that change tenants', () => {
  it('count for the one that has them, and keep an external id of it only', async () => {
    const directory = await withTenant({ accounts: 1 })
    await createTenant(directory, { id: 'other', name: 'Other' })
    await create(directory, 'one', { tenant: null })
    await create(directory, 'two', { tenant: 'other' })
    await setExternalId(directory, { did: 'did:plc:two', tenant: 'other', externalId: 'a' })
    const move = (name: string, tenant: string | null, externalId?: string) =>
      moveToTenant(directory, {
        ...{ did: `did:plc:${name}`, tenant },
        ...(externalId !== undefined && { externalId }),
      })
    await move('one', 'roomy', 'b')
    await move('one', 'roomy', 'b')
    await expect(move('two', 'roomy')).rejects.toMatchObject({ error: 'QuotaExceeded' })
    await expect(move('two', 'none')).rejects.toMatchObject({ error: 'TenantNotFound' })
    await move('one', null)
    await move('two', 'roomy')
    expect(await usageOf(directory)).toMatchObject({ accounts: 1, groups: 0 })
    const found = await findTenantAccount(directory, { tenant: 'roomy', did: 'did:plc:two' })
    expect(found).toMatchObject({ externalId: null })
  })

  it('leave the domain of a tenant before they leave the tenant', async () => {
    const directory = await withTenant()
    const domain = { tenant: 'roomy', domain: 'roomy.space', challenge: 'c' }
    await putTenantDomain(directory, { ...domain, labelMin: 1, labelMax: 63 })
    await setDomainVerified(directory, domain)
    await create(directory, 'one', { handle: 'one.roomy.space' })
    const leave = moveToTenant(directory, { did: 'did:plc:one', tenant: null })
    await expect(leave).rejects.toMatchObject({ status: 400, error: 'DomainInUse' })
  })
})

describe('whose an account is', () => {
  const custody = async (directory: TestDirectory, name: string) =>
    isCustodial(directory, { did: `did:plc:${name}` })

  it('an account that the tenant creates is custodial, until it leaves the tenant', async () => {
    const directory = await withTenant()
    await createTenant(directory, { id: 'other', name: 'Other' })
    await provision(directory, { ...named('one'), externalId: 'a' })
    expect(await custody(directory, 'one')).toBe(true)
    const move = (tenant: string | null) => moveToTenant(directory, { did: 'did:plc:one', tenant })
    await move('other')
    expect(await custody(directory, 'one')).toBe(true)
    await move(null)
    await move('roomy')
    expect(await custody(directory, 'one')).toBe(false)
  })

  it('an account that was moved to the tenant, or has signed up for it, is not custodial', async () => {
    const directory = await withTenant()
    await create(directory, 'one', { tenant: null })
    await moveToTenant(directory, { did: 'did:plc:one', tenant: 'roomy', externalId: 'a' })
    expect(await custody(directory, 'one')).toBe(false)
    await create(directory, 'two')
    expect(await custody(directory, 'two')).toBe(false)
  })

  it('an adopted account with a handle of the server is of the tenant, and counts once', async () => {
    const directory = await withTenant({ accounts: 1 })
    const { genesis: _, ...adopted } = named('one')
    for (const type of ['reserved', 'existing']) {
      const accounts = [{ ...adopted, externalId: 'did:plc:one' }]
      const [answer] = await reserveForTenant(directory, { tenant: 'roomy', accounts })
      expect(answer).toMatchObject({ type })
      const confirmed = { did: 'did:plc:one', ...confirmation, passwordHash: null, tokenId: null }
      await confirmForTenant(directory, { accounts: [confirmed], areAdopted: true })
    }
    const found = await findTenantAccount(directory, { tenant: 'roomy', handle: 'one.test' })
    expect(found).toMatchObject({ did: 'did:plc:one', externalId: 'did:plc:one' })
    expect(await usageOf(directory)).toEqual({ accounts: 1, groups: 0, accountsThisHour: 1 })
  })
})

describe('tenants', () => {
  it('a tenant is made once, and its id and its DID are of no other', async () => {
    const directory = await withTenant()
    const again = { id: 'roomy', name: 'Roomy', did: 'did:web:roomy.example' }
    expect(await createTenant(directory, again)).toMatchObject({ status: 'active' })
    const other = createTenant(directory, { id: 'roomy', name: 'Roomy' })
    await expect(other).rejects.toMatchObject({ status: 400, error: 'TenantExists' })
    const sameDid = createTenant(directory, { ...again, id: 'second' })
    await expect(sameDid).rejects.toMatchObject({ error: 'TenantExists' })
    await createTenant(directory, { id: 'second', name: 'Second' })
    const taken = updateTenant(directory, { id: 'second', did: 'did:web:roomy.example' })
    await expect(taken).rejects.toMatchObject({ error: 'TenantExists' })
    const unknown = updateTenant(directory, { id: 'third', name: 'Third' })
    await expect(unknown).rejects.toMatchObject({ error: 'TenantNotFound' })
  })

  it('a DID finds the tenants that it may act for', async () => {
    const directory = await withTenant()
    await createTenant(directory, { id: 'second', name: 'Second' })
    const did = 'did:plc:ruth'
    await putTenantAdmin(directory, { tenant: 'roomy', did, role: 'viewer' })
    await putTenantAdmin(directory, { tenant: 'second', did, role: 'owner' })
    await putTenantAdmin(directory, { tenant: 'roomy', did, role: 'admin' })
    expect(await listTenantsOf(directory, { did })).toEqual([
      { tenant: 'roomy', role: 'admin' },
      { tenant: 'second', role: 'owner' },
    ])
    expect(await listTenantsOf(directory, { did: 'did:web:roomy.example' })).toEqual([
      { tenant: 'roomy', role: 'owner' },
    ])
  })
})

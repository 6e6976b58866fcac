import { describe, expect, it } from 'vitest'
import { setState } from '#src/directory/accounts.ts'
import {
  deleteTenantDomain,
  listHandleDomains,
  putTenantDomain,
  setDomainVerified,
} from '#src/directory/tenant-domains.ts'
import { createTenant } from '#src/directory/tenants.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'
import type { TestDirectory } from '#tests/support/test-directory.ts'

describe('domains of a tenant', () => {
  const claim = (directory: TestDirectory, tenant: string, domain: string) =>
    putTenantDomain(directory, {
      ...{ tenant, domain, challenge: `of ${tenant}`, labelMin: 3, labelMax: 63 },
    })
  const verify = (directory: TestDirectory, tenant: string, domain: string) =>
    setDomainVerified(directory, { tenant, domain, challenge: `of ${tenant}` })

  async function withTwo() {
    const directory = await withTenant({ domains: 2 })
    await createTenant(directory, { id: 'second', name: 'Second' })
    return directory
  }

  it('who proves a domain gets it, also if another has claimed it before', async () => {
    const directory = await withTwo()
    await claim(directory, 'second', 'roomy.example')
    await claim(directory, 'roomy', 'roomy.example')
    expect(await listHandleDomains(directory)).toEqual([])
    await verify(directory, 'roomy', 'roomy.example')
    expect(await listHandleDomains(directory)).toMatchObject([
      { domain: 'roomy.example', tenant: 'roomy' },
    ])
    const late = verify(directory, 'second', 'roomy.example')
    await expect(late).rejects.toMatchObject({ error: 'DomainNotFound' })
  })

  it.each(['roomy.example', 'a.roomy.example', 'example'])(
    '%s is not available beside the domain of another',
    async (domain) => {
      const directory = await withTwo()
      await claim(directory, 'roomy', 'roomy.example')
      await claim(directory, 'second', domain)
      await verify(directory, 'roomy', 'roomy.example')
      const other = { status: 400, error: 'DomainNotAvailable' }
      await expect(claim(directory, 'second', domain)).rejects.toMatchObject(other)
      await expect(verify(directory, 'second', domain)).rejects.toBeDefined()
      await claim(directory, 'second', 'otherroomy.example')
    },
  )

  it('a domain is given back when no account has a handle under it', async () => {
    const directory = await withTwo()
    await claim(directory, 'roomy', 'roomy.example')
    await verify(directory, 'roomy', 'roomy.example')
    await create(directory, 'one', { handle: 'one.roomy.example' })
    const give = () => deleteTenantDomain(directory, { tenant: 'roomy', domain: 'roomy.example' })
    await expect(give()).rejects.toMatchObject({ status: 400, error: 'DomainInUse' })
    const gone = { did: 'did:plc:one', status: 'deleted', deleteAfter: null }
    await setState(directory, gone)
    await give()
    expect(await listHandleDomains(directory)).toEqual([])
  })

  it('claims count against the quota', async () => {
    const directory = await withTwo()
    await claim(directory, 'roomy', 'one.example')
    await claim(directory, 'roomy', 'two.example')
    await claim(directory, 'roomy', 'two.example')
    const third = claim(directory, 'roomy', 'three.example')
    await expect(third).rejects.toMatchObject({ status: 413, error: 'QuotaExceeded' })
  })
})

import { describe, expect, it } from 'vitest'
import { createKey, deleteKey, listKeys, type NewKey, useKey } from '#src/tenants/api-keys.ts'
import { addAudit, listAudit } from '#src/tenants/audit.ts'
import { testTenant } from '#tests/support/test-tenant.ts'

const audit = { actor: 'did:plc:ruth', action: 'createKey' }
const keyOf = (name: string, more: Partial<NewKey> = {}): NewKey => ({
  ...{ prefix: `hw_roomy_${name}`, hash: `hash of ${name}`, name },
  ...{ scopes: ['accounts:read'], addresses: [], expiresAt: null },
  ...more,
})

describe('API keys of a tenant', () => {
  it('a key allows what it was made for, until it is deleted or expires', async () => {
    const tenant = testTenant()
    const expiresAt = tenant.clock.time + 1_000
    await createKey(tenant, { key: keyOf('a', { scopes: ['domains'], expiresAt }), audit })
    await createKey(tenant, { key: keyOf('b'), audit })
    expect(await useKey(tenant, { hash: 'hash of a' })).toMatchObject({ scopes: ['domains'] })
    expect(await useKey(tenant, { hash: 'hash of c' })).toBeNull()
    await deleteKey(tenant, { prefix: 'hw_roomy_b', audit })
    expect(await useKey(tenant, { hash: 'hash of b' })).toBeNull()
    tenant.clock.time += 1_000
    expect(await useKey(tenant, { hash: 'hash of a' })).toBeNull()
  })

  it('the list of keys has no hashes, and says when a key was used, to the minute', async () => {
    const tenant = testTenant()
    await createKey(tenant, { key: keyOf('a'), audit })
    const [unused] = await listKeys(tenant)
    expect(unused).not.toHaveProperty('lastUsedAt')
    expect(JSON.stringify(unused)).not.toContain('hash of')
    await useKey(tenant, { hash: 'hash of a' })
    const first = new Date(tenant.clock.time).toISOString()
    tenant.clock.time += 30_000
    await useKey(tenant, { hash: 'hash of a' })
    const again = testTenant({ sql: tenant.sql })
    expect(await listKeys(again)).toMatchObject([{ lastUsedAt: first, createdBy: 'did:plc:ruth' }])
  })

  it('a tenant has 50 keys at most, and making one again changes nothing', async () => {
    const tenant = testTenant()
    for (let i = 0; i < 50; i++) await createKey(tenant, { key: keyOf(String(i)), audit })
    const more = createKey(tenant, { key: keyOf('more'), audit })
    await expect(more).rejects.toMatchObject({ status: 400, error: 'TooManyKeys' })
    await createKey(tenant, { key: keyOf('0'), audit })
    expect((await listAudit(tenant, { limit: 100 })).entries).toHaveLength(50)
  })
})

describe('the audit log of a tenant', () => {
  it('lists the newest first, by page, actor and target', async () => {
    const tenant = testTenant()
    for (const target of ['one', 'two', 'one']) {
      await addAudit(tenant, { actor: 'operator', action: 'suspendAccount', target })
    }
    await addAudit(tenant, { actor: 'did:plc:ruth', action: 'deleteAccount', target: 'two' })
    const first = await listAudit(tenant, { limit: 2 })
    expect(first.entries.map(({ id }) => id)).toEqual(['4', '3'])
    const second = await listAudit(tenant, { limit: 2, cursor: first.cursor! })
    expect(second.entries.map(({ id }) => id)).toEqual(['2', '1'])
    expect((await listAudit(tenant, { limit: 9, target: 'one' })).entries).toHaveLength(2)
    expect((await listAudit(tenant, { limit: 9, actor: 'did:plc:ruth' })).entries).toHaveLength(1)
  })
})

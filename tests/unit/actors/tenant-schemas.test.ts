/** What databases of earlier releases know of tenants. */
import { describe, expect, it } from 'vitest'
import {
  isCustodial,
  listWebhookEvents,
  reserveForTenant,
  takeJobs,
} from '#src/directory/directory.ts'
import { useKey } from '#src/tenants/api-keys.ts'
import { listAudit } from '#src/tenants/audit.ts'
import { beginKeyedCall } from '#src/tenants/idempotency.ts'
import { getJob, nextJobPart } from '#src/tenants/jobs.ts'
import { opened, versionsOf } from '#tests/support/old-databases.ts'
import { newKey, testDirectory } from '#tests/support/test-directory.ts'
import { testTenant } from '#tests/support/test-tenant.ts'

describe.each(versionsOf('directory'))('a directory of schema version %d', (version) => {
  it.skipIf(version < 7)('knows accounts that a tenant has begun, and its jobs', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const names = { externalId: 'two', handle: 'begun.roomy.example', email: null }
    const again = { ...names, did: 'did:plc:other', ...newKey }
    const accounts = [again]
    expect(await reserveForTenant(directory, { tenant: 'roomy', accounts })).toEqual([
      {
        ...{ type: 'reserved', did: 'did:plc:begun', handle: 'begun.roomy.example' },
        genesis: '{"type":"plc_operation"}',
      },
    ])
    expect(await takeJobs(directory, { limit: 2 })).toEqual([{ tenant: 'roomy', job: 'job-1' }])
  })
})

describe.each(versionsOf('directory'))('a directory of schema version %d', (version) => {
  it.skipIf(version < 8)('knows external ids of deleted accounts, and events', async () => {
    const directory = testDirectory({ sql: opened('directory', version) })
    const names = { did: 'did:plc:other', handle: 'new.roomy.example', email: null }
    const accounts = [{ ...names, ...newKey, externalId: 'three' }]
    expect(await reserveForTenant(directory, { tenant: 'roomy', accounts })).toMatchObject([
      { type: 'refused', refusal: { error: 'ExternalIdTaken' } },
    ])
    expect(await listWebhookEvents(directory, { limit: 2 })).toMatchObject([
      { owner: 'server', type: 'tenant.suspended', data: { tenant: 'other' } },
    ])
    expect(await isCustodial(directory, { did: 'did:plc:begun' })).toBe(true)
  })
})

describe.each(versionsOf('tenant'))('a tenant of schema version %d', (version) => {
  it('knows its API keys and who made them', async () => {
    const tenant = testTenant({ sql: opened('tenant', version) })
    expect(await useKey(tenant, { hash: 'hash of the key' })).toMatchObject({
      scopes: ['accounts:read'],
    })
    const { entries } = await listAudit(tenant, { limit: 9 })
    expect(entries).toMatchObject([{ actor: 'did:plc:ruth', target: 'hw_roomy_abcdef' }])
  })

  it.skipIf(version < 2)('knows its jobs, and the answers to calls with a key', async () => {
    const tenant = testTenant({ sql: opened('tenant', version) })
    const call = { key: 'key-1', call: 'call-2', bodyHash: 'body-1' }
    expect(await beginKeyedCall(tenant, call)).toMatchObject({ type: 'done' })
    const counts = { rows: 4, created: 1, existing: 0, failed: 1 }
    expect(await getJob(tenant, { id: 'job-1' })).toMatchObject({ state: 'running', ...counts })
    expect(await nextJobPart(tenant, { id: 'job-1' })).toMatchObject({ part: { n: 1 } })
  })
})

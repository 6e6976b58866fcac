import { expect, it } from 'vitest'
import { addReadAudit, listAudit } from '#src/tenants/audit.ts'
import { testTenant } from '#tests/support/test-tenant.ts'

it('reads have one row in an hour for each caller and method', async () => {
  const tenant = testTenant()
  const read = (actor: string, action: string) => addReadAudit(tenant, { actor, action })
  for (let i = 0; i < 3; i++) {
    await read('operator', 'listAccounts')
    await read('hw_roomy_abcdef', 'listAccounts')
    await read('operator', 'getAccount')
  }
  const rows = async () => (await listAudit(tenant, { limit: 10 })).entries.length
  expect(await rows()).toBe(3)
  tenant.clock.time += 60 * 60_000
  await read('operator', 'listAccounts')
  expect(await rows()).toBe(4)
})

/** A tenant on `node:sqlite`, with a clock that the test sets. */
import { tenantSchema } from '#src/tenants/schema.ts'
import { openTenant, type TenantContext } from '#src/tenants/tenant.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { type NodeSql, nodeSql } from '#tests/support/node-sql.ts'

export interface TestTenant extends TenantContext {
  readonly sql: NodeSql
  readonly clock: TestClock
}

/** Opens a tenant; with the `sql` of an earlier one it wakes that again. */
export function testTenant(options: { sql?: NodeSql; id?: string } = {}): TestTenant {
  const { sql = nodeSql({ schema: tenantSchema }), id = 'roomy' } = options
  const clock = new TestClock()
  return { ...openTenant({ id, sql, clock }), sql, clock }
}

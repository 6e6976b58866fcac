/** The context of the functions of a tenant: its database, write lane and clock, and its keys in memory. */
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'
import type { StoredKey } from '#src/tenants/api-keys.ts'

export interface TenantContext {
  readonly id: string
  readonly sql: Sql
  readonly clock: Clock
  readonly lane: SubjectLane
  /** By hash; undefined until they are read, and after a change. */
  keys: Promise<Map<string, StoredKey>> | undefined
  /** When a read had a row in the audit log last, by caller and method. */
  readonly auditedReads: BoundedMap<string, number>
}

const MAX_AUDITED_READS = 1_000

export function openTenant({
  id,
  sql,
  clock,
}: Pick<TenantContext, 'id' | 'sql' | 'clock'>): TenantContext {
  return {
    id,
    sql,
    clock,
    lane: new SubjectLane({ sql, clock }),
    keys: undefined,
    auditedReads: new BoundedMap(MAX_AUDITED_READS),
  }
}

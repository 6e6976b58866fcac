/** The context of all directory functions: database, write lane, clock and caches. */
import { AccountCache } from '#src/directory/account-cache.ts'
import { BulkCreation } from '#src/directory/bulk-creation.ts'
import type { ReservedKeyCount } from '#src/directory/reserved-keys.ts'
import { RunningProcesses } from '#src/directory/running-processes.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

export interface Directory {
  readonly sql: Sql
  readonly clock: Clock
  readonly lane: SubjectLane
  readonly cache: AccountCache
  /** DIDs known to be in the `reminder` table, and the process there. */
  readonly withReminder: Map<string, string | null>
  readonly processes: RunningProcesses
  readonly bulkCreation: BulkCreation
  readonly reservedKeys: {
    count: ReservedKeyCount | undefined
    recount: Promise<ReservedKeyCount> | undefined
  }
}

export function openDirectory({ sql, clock }: { sql: Sql; clock: Clock }): Directory {
  return {
    sql,
    clock,
    lane: new SubjectLane({ sql, clock }),
    cache: new AccountCache(),
    withReminder: new Map(),
    processes: new RunningProcesses(clock),
    bulkCreation: new BulkCreation(clock),
    reservedKeys: { count: undefined, recount: undefined },
  }
}

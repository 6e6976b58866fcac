/** What the rooms of the directory are given: its database, its lane, its clock, and what it remembers of reads. */
import { AccountCache } from '#src/directory/account-cache.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import { SubjectLane } from '#src/ports/subject-lane.ts'

/** The directory, open: handle, email and DID of every account of this server, and the invite codes. */
export interface Directory {
  readonly sql: Sql
  readonly clock: Clock
  readonly lane: SubjectLane
  readonly cache: AccountCache
  /** Accounts that are known to be in the `reminder` table. */
  readonly withReminder: Set<string>
}

/** Opens the directory over a database that has `directorySchema`. */
export function openDirectory({ sql, clock }: { sql: Sql; clock: Clock }): Directory {
  return {
    sql,
    clock,
    lane: new SubjectLane({ sql, clock }),
    cache: new AccountCache(),
    withReminder: new Set(),
  }
}

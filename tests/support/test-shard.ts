/** A shard of the authorization server on `node:sqlite`, with a clock that the test sets. */

import { authorizationSchema } from '#src/authorization/schema.ts'
import { type AuthorizationShard, openAuthorizationShard } from '#src/authorization/shard.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'

export interface TestShard extends AuthorizationShard {
  readonly sql: NodeSql
  readonly clock: TestClock
}

/** Opens a shard, or (`after` a crash) one on the database of an earlier one. */
export function testShard(
  options: NodeSqlOptions & { after?: Pick<TestShard, 'sql' | 'clock'> } = {},
): TestShard {
  const { after, ...rest } = options
  const sql = after?.sql ?? nodeSql({ schema: authorizationSchema, ...rest })
  const clock = after?.clock ?? new TestClock()
  return openAuthorizationShard({ sql, clock, log: { warn: () => {} } }) as TestShard
}

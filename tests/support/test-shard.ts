/** A shard of the authorization server on `node:sqlite`, with a clock in the test's hand. */

import { authorizationSchema } from '#src/authorization/schema.ts'
import { type AuthorizationShard, openAuthorizationShard } from '#src/authorization/shard.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'

export interface TestShard extends AuthorizationShard {
  readonly sql: NodeSql
  readonly clock: TestClock
}

/** Opens a shard; or what an earlier life of it left, `after` a crash. */
export function testShard(options: NodeSqlOptions & { after?: TestShard } = {}): TestShard {
  const { after, ...rest } = options
  const sql = after?.sql ?? nodeSql({ schema: authorizationSchema, ...rest })
  const clock = after?.clock ?? new TestClock()
  return openAuthorizationShard({ sql, clock }) as TestShard
}

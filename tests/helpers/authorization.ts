/** A shard of the authorization server on `node:sqlite`, with a clock in the test's hand. */
import { type Authorization, openAuthorization } from '#src/authorization/authorization.ts'
import { authorizationSchema } from '#src/authorization/schema.ts'
import { TestClock } from '#tests/helpers/new-account.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/helpers/node-sql.ts'

export interface TestShard extends Authorization {
  readonly sql: NodeSql
  readonly clock: TestClock
}

/** Opens a shard; or what an earlier life of it left, `after` a crash. */
export function testShard(options: NodeSqlOptions & { after?: TestShard } = {}): TestShard {
  const { after, ...rest } = options
  const sql = after?.sql ?? nodeSql({ schema: authorizationSchema, ...rest })
  const clock = after?.clock ?? new TestClock()
  return openAuthorization({ sql, clock }) as TestShard
}

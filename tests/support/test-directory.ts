/** A directory on `node:sqlite`, with a clock in the test's hand. */
import { type Directory, openDirectory } from '#src/directory/open-directory.ts'
import { directorySchema } from '#src/directory/schema.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/support/node-sql.ts'

export interface TestDirectory extends Directory {
  readonly sql: NodeSql
  readonly clock: TestClock
}

export const newKey = { signingKey: Uint8Array.of(1, 2, 3), signingKeyDid: 'did:key:z' }

export const confirmation = {
  passwordHash: 'salt:hash',
  tokenId: 'first',
  createdAt: '2026-01-01T00:00:00.000Z',
}

/** A fresh directory; give it the `sql` of an earlier one to wake that again. */
export function testDirectory(
  options: { clock?: TestClock; sql?: NodeSql; onBatch?: NodeSqlOptions['onBatch'] } = {},
): TestDirectory {
  const { clock = new TestClock(), onBatch } = options
  const sql = options.sql ?? nodeSql({ schema: directorySchema, ...(onBatch && { onBatch }) })
  return { ...openDirectory({ sql, clock }), sql, clock }
}

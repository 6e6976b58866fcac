/** A directory on `node:sqlite`, with a clock that the test sets. */
import { createInviteCodes } from '#src/directory/invites.ts'
import { type Directory, openDirectory } from '#src/directory/open-directory.ts'
import { directorySchema } from '#src/directory/schema.ts'
import { newInviteCode } from '#src/rules/invite-codes.ts'
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

/** Opens a directory; with the `sql` of an earlier one it wakes that again. */
export function testDirectory(
  options: { clock?: TestClock; sql?: NodeSql; onBatch?: NodeSqlOptions['onBatch'] } = {},
): TestDirectory {
  const { clock = new TestClock(), onBatch } = options
  const sql = options.sql ?? nodeSql({ schema: directorySchema, ...(onBatch && { onBatch }) })
  return { ...openDirectory({ sql, clock }), sql, clock }
}

/** A new code, good for `useCount` accounts. */
export async function addInviteCode(
  directory: Directory,
  { useCount, forAccount = 'admin' }: { useCount: number; forAccount?: string },
): Promise<string> {
  const code = newInviteCode('pds.test')
  await createInviteCodes(directory, { useCount, codes: [{ account: forAccount, codes: [code] }] })
  return code
}

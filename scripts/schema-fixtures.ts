/**
 * Writes the databases of this release to tests/fixtures/schema, to be kept for ever: `npm run schema-fixtures`, once,
 * when a migration was added (docs/design/upgrades.md). A file that is there stays as it is.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemaVersions } from '#actors/schemas.ts'
import type { Sql } from '#src/ports/sql.ts'
import { dumpSql } from '#tests/support/dump-sql.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import {
  fillAccount,
  fillAuthorization,
  fillDirectory,
  fillSequencer,
  fillTenant,
  fillWebhooks,
} from '#tests/support/schema-fixtures.ts'
import { testDirectory } from '#tests/support/test-directory.ts'
import { testSequencer } from '#tests/support/test-sequencer.ts'
import { testShard } from '#tests/support/test-shard.ts'
import { testTenant } from '#tests/support/test-tenant.ts'
import { testWebhooks } from '#tests/support/webhooks-fixture.ts'

const folder = join(import.meta.dirname, '../tests/fixtures/schema')

async function keep(actor: string, sql: Sql): Promise<void> {
  const path = join(folder, `${actor}-${schemaVersions[actor]}.sql`)
  if (!existsSync(path)) writeFileSync(path, await dumpSql(sql))
}

mkdirSync(folder, { recursive: true })
const account = await openTestAccount()
await fillAccount(account)
await keep('account', account.sql)
const sequencer = testSequencer()
const entries = await account.sql.all(
  'SELECT id, kind, event, seq_at AS seqAt, head, rev FROM outbox',
)
await fillSequencer(sequencer, testDid, entries as never)
await keep('sequencer', sequencer.sql)
const directory = testDirectory()
await fillDirectory(directory)
await keep('directory', directory.sql)
const shard = testShard()
await fillAuthorization(shard)
await keep('authorization', shard.sql)
const tenant = testTenant()
await fillTenant(tenant)
await keep('tenant', tenant.sql)
const test = await testWebhooks()
await fillWebhooks(test)
await keep('webhooks', test.database)
process.exit(0)

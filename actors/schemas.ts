/** The migrations of every kind of actor that has a database. */
import { accountSchema } from '#src/account/schema.ts'
import { authorizationSchema } from '#src/authorization/schema.ts'
import { directorySchema } from '#src/directory/schema.ts'
import type { Migration } from '#src/ports/migrations.ts'
import { sequencerSchema } from '#src/sequencer/schema.ts'
import { tenantSchema } from '#src/tenants/schema.ts'
import { webhooksSchema } from '#src/webhooks/schema.ts'

export interface Schemas {
  account: readonly Migration[]
  directory: readonly Migration[]
  sequencer: readonly Migration[]
  authorization: readonly Migration[]
  tenant: readonly Migration[]
  webhooks: readonly Migration[]
}

export const schemas: Schemas = {
  account: accountSchema,
  directory: directorySchema,
  sequencer: sequencerSchema,
  authorization: authorizationSchema,
  tenant: tenantSchema,
  webhooks: webhooksSchema,
}

/** The schema versions that this release migrates databases to. */
export const schemaVersions = Object.fromEntries(
  Object.entries(schemas).map(([actor, migrations]) => [actor, migrations.length]),
)

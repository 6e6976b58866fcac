/** Databases as earlier releases left them: the fixtures of their schemas. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemas, schemaVersions } from '#actors/schemas.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import { root } from '#tests/support/sources.ts'

export const schemaFixtures = join(root, 'tests/fixtures/schema')

/** A database as an earlier release left it, migrated by this one. */
export function opened(actor: keyof typeof schemas, version: number) {
  const dump = readFileSync(join(schemaFixtures, `${actor}-${version}.sql`), 'utf8')
  return nodeSql({ schema: schemas[actor], dump })
}

export const versionsOf = (actor: string) =>
  Array.from({ length: schemaVersions[actor] ?? 0 }, (_, i) => i + 1)

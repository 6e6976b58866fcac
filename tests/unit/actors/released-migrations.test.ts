/** The migrations of the schemas: no released step has changed since, and each version has its fixture. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { schemas } from '#actors/schemas.ts'
import type { Migration } from '#src/ports/migrations.ts'
import { release } from '#src/release.ts'
import { schemaFixtures, versionsOf } from '#tests/support/old-databases.ts'

describe('released migrations', () => {
  interface Released {
    release: number
    sha256: string
  }
  const released = JSON.parse(
    readFileSync(join(schemaFixtures, 'released.json'), 'utf8'),
  ) as Record<string, Released[]>
  /** A data step is code; its fixture says whether it still does the same. */
  const hashOf = (step: Migration) =>
    createHash('sha256')
      .update(typeof step === 'function' ? 'function' : JSON.stringify(step))
      .digest('hex')

  it.each(Object.entries(schemas))('of the %s are as they were', (actor, migrations) => {
    const recorded = released[actor]!.map(({ sha256 }) => sha256)
    expect(migrations.map(hashOf), 'see docs/design/upgrades.md').toEqual(recorded)
  })

  it('are of no later release than this one', () => {
    const releases = Object.values(released).flatMap((steps) => steps.map((step) => step.release))
    expect(Math.max(...releases)).toBeLessThanOrEqual(release)
  })

  it('have a fixture for each version', () => {
    const wanted = Object.keys(schemas).flatMap((actor) =>
      versionsOf(actor).map((version) => `${actor}-${version}.sql`),
    )
    expect(readdirSync(schemaFixtures)).toEqual(expect.arrayContaining(wanted))
  })
})

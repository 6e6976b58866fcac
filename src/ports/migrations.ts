/** Bringing a database to the schema of this release, step by step; docs/design/upgrades.md has the rules. */
import type { Sql, Statement } from '#src/ports/sql.ts'

/**
 * One numbered step: statements, or a function that reads the database as the step before left it and returns the
 * statements to write. A released step is never changed, because some databases have run it and others will years later.
 */
export type Migration = readonly string[] | ((sql: Sql) => Promise<readonly Statement[]>)

/** The database was migrated by a newer release than this one, which must not touch it. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
  /** The version of the database. */
  readonly found: number
  /** The newest version that this release knows. */
  readonly known: number

  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, and this release knows ${known}`)
    this.found = found
    this.known = known
  }
}

/**
 * Runs the steps that the database lacks. `PRAGMA user_version` is the number of the last step; a step and its number
 * are in one transaction. Throws NewerDatabaseError, and writes nothing, if the database has more steps than this
 * release knows.
 */
export async function migrate(sql: Sql, migrations: readonly Migration[]): Promise<void> {
  const row = await sql.first<{ user_version: number }>('PRAGMA user_version')
  const found = row?.user_version ?? 0
  if (found > migrations.length) throw new NewerDatabaseError(found, migrations.length)
  // Steps of plain statements share a transaction: a new account takes one round trip for all of them.
  let pending: Statement[] = []
  for (const [i, step] of [...migrations.entries()].slice(found)) {
    if (typeof step === 'function') {
      if (pending.length > 0) await sql.batch(pending)
      pending = [...(await step(sql))]
    } else pending.push(...step.map((text) => ({ sql: text })))
    pending.push({ sql: `PRAGMA user_version = ${i + 1}` })
  }
  if (pending.length > 0) await sql.batch(pending)
}

/**
 * One statement of a schema, without its comments and its layout: both would be stored in every database. Throws if a
 * literal stands before a comment, because the comment might then be part of the literal; write that one as a string.
 */
export function ddl(text: TemplateStringsArray): string {
  const lines = (text[0] ?? '').split('\n').map((line) => {
    const comment = line.indexOf('--')
    const code = comment === -1 ? line : line.slice(0, comment)
    if (comment !== -1 && /['"]/.test(code)) throw new Error(`a literal before a comment: ${line}`)
    return code.trim()
  })
  return lines.join(' ').trim()
}

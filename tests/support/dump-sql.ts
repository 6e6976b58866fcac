/** A database as SQL text, for the fixtures of schemas. */
import type { Sql } from '#src/ports/sql.ts'

/** The database as SQL text, one statement a line. */
export async function dumpSql(sql: Sql): Promise<string> {
  const version = await sql.first<{ user_version: number }>('PRAGMA user_version')
  const objects = await sql.all<{ type: string; name: string; sql: string }>(
    `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL
     ORDER BY type = 'index', name`,
  )
  // They would count the rows that are inserted below.
  const triggers = objects.filter(({ type }) => type === 'trigger')
  const lines = [`PRAGMA user_version = ${version?.user_version};`]
  const define = ({ sql: made }: { sql: string }) => lines.push(`${made.replaceAll(/\s+/g, ' ')};`)
  for (const object of objects) if (!triggers.includes(object)) define(object)
  for (const { type, name } of objects) {
    if (type !== 'table') continue
    const columns = await sql.all<{ name: string }>(`SELECT name FROM pragma_table_info('${name}')`)
    const quoted = columns.map((column) => `quote("${column.name}")`).join(` || ',' || `)
    const rows = await sql.all<{ row: string }>(`SELECT ${quoted} AS row FROM "${name}" ORDER BY 1`)
    for (const { row } of rows) lines.push(`INSERT INTO "${name}" VALUES (${row});`)
  }
  for (const trigger of triggers) define(trigger)
  return `${lines.join('\n')}\n`
}

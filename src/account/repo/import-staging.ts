/**
 * The staging tables of an import, which replace the live tables at its end: renaming tables replaces a repo of any
 * size.
 */
import type { Sql, Statement } from '#src/ports/sql.ts'

const replacedTables = ['record', 'backlink', 'record_blob'] as const

export interface StagedRecord {
  readonly path: string
  readonly cid: string
  readonly bytes: Uint8Array
  readonly subject: string | null
  readonly blobs: readonly string[]
}

export async function createStagingTables(sql: Sql): Promise<Statement[]> {
  const live = await sql.all<{ type: string; name: string; tbl_name: string; sql: string }>(
    `SELECT type, name, tbl_name, sql FROM sqlite_master
     WHERE sql IS NOT NULL AND tbl_name IN ('record', 'backlink', 'record_blob')`,
  )
  const copies = live.map(({ type, name, tbl_name: table, sql }) => ({
    sql:
      type === 'table'
        ? sql.replace(/^CREATE TABLE "?\w+"?/i, `CREATE TABLE import_${table}`)
        : sql.replace(/^CREATE INDEX "?\w+"? ON "?\w+"?/i, stagingIndex(name, table)),
  }))
  return [...dropStagingTables(), ...copies]
}

// An index keeps its name when its table is renamed, so the two names alternate.
function stagingIndex(name: string, table: string): string {
  const other = name.endsWith('_') ? name.slice(0, -1) : `${name}_`
  return `CREATE INDEX ${other} ON import_${table}`
}

export async function hasStagingTables(sql: Sql): Promise<boolean> {
  const name = "SELECT 1 FROM sqlite_master WHERE name IN ('import_record', 'import_block')"
  return (await sql.first(name)) !== undefined
}

/** `import_block` is of older releases. */
export function dropStagingTables(): Statement[] {
  return ['block', ...replacedTables].map((name) => ({
    sql: `DROP TABLE IF EXISTS import_${name}`,
  }))
}

/** As `insertRecords`, into the staging tables. */
export function stageRecords(records: readonly StagedRecord[], rev: string): Statement[] {
  return insertRecords(records, rev, 'import_')
}

/**
 * Stores records with their backlinks and blob references. Call it in the order of paths, which is that of the table. All
 * bytes are one parameter, which SQLite cuts up: a parameter each would cost more than storing them.
 */
export function insertRecords(
  records: readonly StagedRecord[],
  rev: string,
  prefix: 'import_' | '' = '',
): Statement[] {
  const all = new Uint8Array(records.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  const rows = records.map(({ path, cid, bytes }) => {
    all.set(bytes, at)
    at += bytes.length
    return [path, cid, at - bytes.length + 1, bytes.length]
  })
  const links = records.flatMap(({ path, subject }) =>
    subject === null ? [] : [[path.slice(0, path.indexOf('/')), subject, path]],
  )
  const blobs = records.flatMap(({ path, blobs }) => blobs.map((cid) => [cid, path]))
  return [
    {
      sql: `INSERT OR IGNORE INTO ${prefix}record (path, cid, rev, value)
            SELECT value ->> 0, value ->> 1, ?2, substr(?1, value ->> 2, value ->> 3) FROM json_each(?3)`,
      params: [all, rev, JSON.stringify(rows)],
    },
    ...insertEach(`${prefix}backlink (collection, subject, path)`, 3, links),
    ...insertEach(`${prefix}record_blob (blob_cid, path)`, 2, blobs),
  ]
}

function insertEach(
  into: string,
  columns: number,
  rows: readonly (readonly string[])[],
): Statement[] {
  if (rows.length === 0) return []
  const values = Array.from({ length: columns }, (_, i) => `value ->> ${i}`).join(', ')
  const sql = `INSERT OR IGNORE INTO ${into} SELECT ${values} FROM json_each(?1)`
  return [{ sql, params: [JSON.stringify(rows)] }]
}

export function swapTables(): Statement[] {
  return [
    ...replacedTables.flatMap((name) => [
      { sql: `DROP TABLE ${name}` },
      { sql: `ALTER TABLE import_${name} RENAME TO ${name}` },
    ]),
    { sql: 'DELETE FROM tombstone' },
  ]
}

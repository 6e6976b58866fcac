/**
 * The staging tables of an import, which replace the live tables at its end: renaming tables replaces a repo of any
 * size.
 */
import type { Sql, Statement } from '#src/ports/sql.ts'

const replacedTables = ['record', 'backlink', 'record_blob'] as const

export interface StagedBlock {
  id: number
  bytes: Uint8Array
  subject: string | null
  blobs: readonly string[]
}

export type PlacedRecord = readonly [path: string, cid: string, id: number]

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
  const blocks = `CREATE TABLE import_block (
    id INTEGER PRIMARY KEY, value BLOB NOT NULL, subject TEXT, blobs TEXT)`
  return [...dropStagingTables(), { sql: blocks }, ...copies]
}

// An index keeps its name when its table is renamed, so the two names alternate.
function stagingIndex(name: string, table: string): string {
  const other = name.endsWith('_') ? name.slice(0, -1) : `${name}_`
  return `CREATE INDEX ${other} ON import_${table}`
}

export async function hasStagingTables(sql: Sql): Promise<boolean> {
  const name = "SELECT 1 FROM sqlite_master WHERE name = 'import_block'"
  return (await sql.first(name)) !== undefined
}

export function dropStagingTables(): Statement[] {
  return ['block', ...replacedTables].map((name) => ({
    sql: `DROP TABLE IF EXISTS import_${name}`,
  }))
}

/** Binds all bytes as one parameter, which SQLite cuts up: a row each would cost more than storing them. */
export function stageBlocks(blocks: readonly StagedBlock[]): Statement[] {
  if (blocks.length === 0) return []
  const size = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const all = new Uint8Array(size)
  let at = 0
  const rows = blocks.map(({ id, bytes, subject, blobs }) => {
    all.set(bytes, at)
    at += bytes.length
    const from = at - bytes.length + 1
    return [id, from, bytes.length, subject, blobs.length === 0 ? null : JSON.stringify(blobs)]
  })
  const insert = `INSERT INTO import_block (id, value, subject, blobs)
    SELECT value ->> 0, substr(?1, value ->> 1, value ->> 2), value ->> 3, value ->> 4
    FROM json_each(?2)`
  return [{ sql: insert, params: [all, JSON.stringify(rows)] }]
}

/**
 * Copies blocks to their paths, with backlinks and blob references. Call it in the order of paths, which is that of the
 * table.
 */
export function placeRecords(records: readonly PlacedRecord[], rev: string): Statement[] {
  const placed = `(SELECT value ->> 0 AS path, value ->> 1 AS cid, value ->> 2 AS id FROM json_each(?1))
    AS placed JOIN import_block ON import_block.id = placed.id`
  const params = [JSON.stringify(records)]
  return [
    {
      sql: `INSERT OR IGNORE INTO import_record (path, cid, rev, value)
            SELECT placed.path, cid, ?2, import_block.value FROM ${placed}`,
      params: [...params, rev],
    },
    {
      sql: `INSERT OR IGNORE INTO import_backlink (collection, subject, path)
            SELECT substr(placed.path, 1, instr(placed.path, '/') - 1), subject, placed.path FROM ${placed}
            WHERE subject IS NOT NULL`,
      params,
    },
    {
      sql: `INSERT OR IGNORE INTO import_record_blob (blob_cid, path)
            SELECT blob.value, placed.path FROM ${placed}, json_each(import_block.blobs) AS blob
            WHERE import_block.blobs IS NOT NULL`,
      params,
    },
  ]
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

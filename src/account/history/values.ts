/** The blocks of records that were replaced or deleted, and of those that are there. */
import { fromHex, type Sql } from '#src/ports/sql.ts'

/** Where the block of a record is that had this CID at this path. */
export interface PlacedValue {
  path: string
  cid: string
  /** In `past_record`; null: it is the record that is there now. */
  id: number | null
  size: number
}

/** Of the records at these paths, all that they were and still have a value, by `keyOf`. */
export async function findValues(
  sql: Sql,
  paths: readonly string[],
): Promise<Map<string, PlacedValue>> {
  const rows = await sql.all<PlacedValue>(
    `SELECT path, cid, max(id) AS id, length(value) AS size FROM past_record
     WHERE value IS NOT NULL AND path IN (SELECT value FROM json_each(?1)) GROUP BY path, cid
     UNION ALL
     SELECT path, cid, NULL, length(value) FROM record
     WHERE path IN (SELECT value FROM json_each(?1))`,
    JSON.stringify(paths),
  )
  return new Map(rows.map((row) => [keyOf(row.path, row.cid), row]))
}

export function keyOf(path: string, cid: string): string {
  return `${path} ${cid}`
}

/** Undefined if it is gone. */
export async function readValue(
  sql: Sql,
  { id, path, cid }: PlacedValue,
): Promise<Uint8Array | undefined> {
  const row =
    id === null
      ? await sql.first<{ value: string }>(
          'SELECT hex(value) AS value FROM record WHERE path = ? AND cid = ?',
          ...[path, cid],
        )
      : await sql.first<{ value: string }>(
          'SELECT hex(value) AS value FROM past_record WHERE id = ? AND value IS NOT NULL',
          id,
        )
  return row && fromHex(row.value)
}

/** The CIDs that the records at these paths had at a rev; a path without a record is not in it. */
export async function cidsAt(
  sql: Sql,
  paths: readonly string[],
  rev: string,
): Promise<Map<string, string>> {
  const rows = await sql.all<{ path: string; cid: string }>(
    `SELECT path, cid FROM record WHERE path IN (SELECT value FROM json_each(?1)) AND rev <= ?2
     UNION ALL
     SELECT path, cid FROM past_record
     WHERE path IN (SELECT value FROM json_each(?1)) AND rev <= ?2 AND until > ?2`,
    ...[JSON.stringify(paths), rev],
  )
  return new Map(rows.map(({ path, cid }) => [path, cid]))
}

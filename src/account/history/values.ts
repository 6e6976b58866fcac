/** The blocks of records that were replaced or deleted, and of those that are there; and which can be restored. */
import { isPresent } from '#src/account/blobs/references.ts'
import { fromHex, type Sql } from '#src/ports/sql.ts'

/** Where the block of a record is that had this CID at this path. */
export interface PlacedValue {
  path: string
  cid: string
  /** In `past_record`; null: it is the record that is there now. */
  id: number | null
  size: number
  /** 0 if a blob that it references is gone or was taken down. */
  isRestorable: number
}

// Aliased, because `isPresent` is about a row of `blob`.
const hasItsBlobs = (references: string) =>
  `NOT EXISTS (SELECT 1 FROM ${references} AND NOT EXISTS (
     SELECT 1 FROM blob WHERE cid = named.blob_cid AND takedown_ref IS NULL AND ${isPresent}))`

/**
 * Of the records at these paths, all that they were and still have a value, by `keyOf`. What is not among them cannot be
 * restored, nor what is not `isRestorable`: nothing else decides that.
 */
export async function findValues(
  sql: Sql,
  paths: readonly string[],
): Promise<Map<string, PlacedValue>> {
  const rows = await sql.all<PlacedValue>(
    `SELECT path, cid, id, size, ${hasItsBlobs(
      'past_blob AS named WHERE named.until = past.until AND named.path = past.path',
    )} AS isRestorable
     FROM (SELECT path, cid, max(id) AS id, until, length(value) AS size FROM past_record
           WHERE value IS NOT NULL AND path IN (SELECT value FROM json_each(?1)) GROUP BY path, cid) AS past
     UNION ALL
     SELECT path, cid, NULL, length(value), ${hasItsBlobs('record_blob AS named WHERE named.path = record.path')}
     FROM record WHERE path IN (SELECT value FROM json_each(?1))`,
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
  { id, path, cid }: Pick<PlacedValue, 'id' | 'path' | 'cid'>,
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

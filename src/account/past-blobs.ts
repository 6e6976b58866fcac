/**
 * Blobs of records that were replaced or deleted. Their bytes stay for as long as the history has such a record, so that
 * a restore brings the blobs back with it; they are not served meanwhile.
 *
 * `past_blob` says which past record references which blob. It is in the order of revs, as `past_record`, so that a
 * write adds to its last page, and the oldest rows are found at once.
 */
import type { SqlValue, Statement } from '#src/ports/sql.ts'

/** SQL condition on a row of `blob`: the history has a record that references it. */
export const isHeld = 'EXISTS (SELECT 1 FROM past_blob WHERE past_blob.blob_cid = blob.cid)'

/**
 * For records that `keepRecords` copies with the same rev. Run it before the statements that end their references, and
 * before those that end their takedowns: the blobs of a record that is taken down are not held.
 */
export function holdBlobs(paths: readonly string[], until: string): Statement {
  return {
    sql: `INSERT INTO past_blob (until, path, blob_cid)
          SELECT ?2, path, blob_cid FROM record_blob
          WHERE path IN (SELECT value FROM json_each(?1)) AND ?2 > (SELECT since FROM history)
            AND NOT EXISTS (SELECT 1 FROM takedown WHERE takedown.path = record_blob.path)`,
    params: [JSON.stringify(paths), until],
  }
}

/**
 * Ends what rows of `past_blob` hold: those that fulfil the SQL condition. Blobs that nothing else needs are then to be
 * deleted, by the next `reconcile`.
 */
export function releaseBlobs(condition: string, params: readonly SqlValue[] = []): Statement[] {
  return [
    {
      sql: `UPDATE blob SET state = 'unsettled'
            WHERE state = 'held' AND cid IN (SELECT blob_cid FROM past_blob WHERE ${condition})
              AND NOT EXISTS (SELECT 1 FROM past_blob AS other
                              WHERE other.blob_cid = blob.cid AND NOT (${condition}))`,
      params: [...params],
    },
    { sql: `DELETE FROM past_blob WHERE ${condition}`, params: [...params] },
  ]
}

export const releaseAllBlobs: readonly Statement[] = [
  { sql: `UPDATE blob SET state = 'unsettled' WHERE state = 'held'` },
  { sql: 'DELETE FROM past_blob' },
]

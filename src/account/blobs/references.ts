/** Blobs in record writes: a referenced blob must be stored, and one that is no longer referenced is held or deleted. */
import type { Account } from '#src/account/account.ts'
import { isNeeded, isUsed } from '#src/account/blob-location.ts'
import { holdBlobs, isHeld } from '#src/account/past-blobs.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { BlobRef } from '#src/protocol/record-value.ts'

export interface BlobChange {
  referenced: readonly BlobRef[]
  changedPaths: readonly string[]
}

/**
 * Throws 400 BlobNotFound, InvalidMimeType or InvalidSize as the reference PDS: the last two only for uploads that no
 * record has referenced yet.
 */
export async function mustHaveBlobs(
  account: Account,
  referenced: readonly BlobRef[],
): Promise<void> {
  const rows = await account.sql.all<StoredBlob>(byCid, JSON.stringify(cidsOf(referenced)))
  const stored = new Map(rows.map((row) => [row.cid, row]))
  for (const { cid, mimeType, size } of referenced) {
    const blob = stored.get(cid)
    if (blob === undefined) throw invalidRequest(`Could not find blob: ${cid}`, 'BlobNotFound')
    if (!blob.isTemp) continue
    if (mimeType !== blob.mimeType) {
      throw mismatch('Mimetype', blob.mimeType, mimeType, 'InvalidMimeType')
    }
    if (size !== blob.size) throw mismatch('Size', blob.size, size, 'InvalidSize')
  }
}

interface StoredBlob {
  cid: string
  mimeType: string
  size: number
  isTemp: number
}

/** SQL condition on a row of `blob`: it is not about to be deleted. It may be held for the history only. */
export const isPresent = `(state IS NOT 'unsettled' OR ${isNeeded})`

const byCid = `SELECT cid, mime_type AS mimeType, size, state IS 'temp' AS isTemp FROM blob
                WHERE cid IN (SELECT value FROM json_each(?)) AND takedown_ref IS NULL AND ${isPresent}`

/** Of a commit with this rev. Run these before the statements of the records themselves. */
export function blobStatements({ referenced, changedPaths }: BlobChange, rev: string): Statement[] {
  return [
    ...(changedPaths.length === 0
      ? []
      : [holdBlobs(changedPaths, rev), markDereferenced(changedPaths, cidsOf(referenced))]),
    ...(referenced.length === 0 ? [] : [markReferenced(cidsOf(referenced))]),
  ]
}

export function cidsOf(referenced: readonly BlobRef[]): string[] {
  return [...new Set(referenced.map(({ cid }) => cid))]
}

function markReferenced(cids: readonly string[]): Statement {
  return {
    sql: `UPDATE blob SET state = CASE state WHEN 'held' THEN NULL ELSE 'unsettled' END
          WHERE cid IN (SELECT value FROM json_each(?)) AND state IN ('temp', 'held')`,
    params: [JSON.stringify(cids)],
  }
}

function markDereferenced(paths: readonly string[], referenced: readonly string[]): Statement {
  const json = JSON.stringify(paths)
  return {
    sql: `UPDATE blob SET state = CASE WHEN state IS NULL AND takedown_ref IS NULL AND ${isHeld}
            THEN 'held' ELSE 'unsettled' END
          WHERE cid IN (SELECT blob_cid FROM record_blob WHERE path IN (SELECT value FROM json_each(?)))
            AND cid NOT IN (SELECT value FROM json_each(?))
            AND NOT EXISTS (SELECT 1 FROM record_blob AS other WHERE other.blob_cid = blob.cid
                            AND other.path NOT IN (SELECT value FROM json_each(?)))`,
    params: [json, JSON.stringify(referenced), json],
  }
}

/** For importRepo, which replaces the whole `record_blob` table. */
export function markChangedBlobs(): Statement {
  return {
    sql: `UPDATE blob SET state = 'unsettled'
          WHERE (state = 'temp' AND ${isUsed}) OR (state IS NULL AND NOT ${isUsed})`,
  }
}

function mismatch(what: string, stored: unknown, received: unknown, error: string) {
  return invalidRequest(
    `Referenced ${what} does not match stored blob. Expected: ${stored}, Got: ${received}`,
    error,
  )
}

/** Blobs as writes of records see them: those that a record names must be there, and those that none names any more go. */
import type { Account } from '#src/account/account.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { BlobRef } from '#src/protocol/record-value.ts'

/** What a commit does to the blobs of an account. */
export interface BlobChange {
  /** What its records name. */
  referenced: readonly BlobRef[]
  /** Records that are deleted or replaced. */
  changedPaths: readonly string[]
}

/** Throws 400 BlobNotFound, InvalidMimeType or InvalidSize, as the reference does: the last two only of uploads that no record has had yet. */
export async function mustHaveBlobs(account: Account, named: readonly BlobRef[]): Promise<void> {
  const rows = await account.sql.all<StoredBlob>(byCid, JSON.stringify(cidsOf(named)))
  const stored = new Map(rows.map((row) => [row.cid, row]))
  for (const { cid, mimeType, size } of named) {
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

const isUsed = 'EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = blob.cid)'

/** Of a row of `blob`: it is not about to be deleted. */
export const isPresent = `(state IS NOT 'unsettled' OR ${isUsed})`

const byCid = `SELECT cid, mime_type AS mimeType, size, state IS 'temp' AS isTemp FROM blob
                WHERE cid IN (SELECT value FROM json_each(?)) AND takedown_ref IS NULL AND ${isPresent}`

/** The statements that belong before those of the records themselves. */
export function blobStatements({ referenced, changedPaths }: BlobChange): Statement[] {
  return [
    ...(changedPaths.length === 0 ? [] : [dropped(changedPaths, cidsOf(referenced))]),
    ...(referenced.length === 0 ? [] : [kept(cidsOf(referenced))]),
  ]
}

/** The different CIDs that are named. */
export function cidsOf(named: readonly BlobRef[]): string[] {
  return [...new Set(named.map(({ cid }) => cid))]
}

/** From now on a record has them: their bytes belong in their place. */
function kept(cids: readonly string[]): Statement {
  return {
    sql: `UPDATE blob SET state = 'unsettled'
          WHERE cid IN (SELECT value FROM json_each(?)) AND state = 'temp'`,
    params: [JSON.stringify(cids)],
  }
}

/** What only these records had, and what the commit itself does not name again, is to be deleted. */
function dropped(paths: readonly string[], named: readonly string[]): Statement {
  const json = JSON.stringify(paths)
  return {
    sql: `UPDATE blob SET state = 'unsettled'
          WHERE cid IN (SELECT blob_cid FROM record_blob WHERE path IN (SELECT value FROM json_each(?)))
            AND cid NOT IN (SELECT value FROM json_each(?))
            AND NOT EXISTS (SELECT 1 FROM record_blob AS other WHERE other.blob_cid = blob.cid
                            AND other.path NOT IN (SELECT value FROM json_each(?)))`,
    params: [json, JSON.stringify(named), json],
  }
}

/** To follow a change of `record_blob` as a whole, as importRepo makes it: every blob is what its references make of it. */
export function markChangedBlobs(): Statement {
  return {
    sql: `UPDATE blob SET state = 'unsettled'
          WHERE (state = 'temp' AND ${isUsed}) OR (state IS NULL AND NOT ${isUsed})`,
  }
}

function mismatch(what: string, stored: unknown, given: unknown, error: string) {
  return invalidRequest(
    `Referenced ${what} does not match stored blob. Expected: ${stored}, Got: ${given}`,
    error,
  )
}

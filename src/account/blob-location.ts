/**
 * Where a blob's bytes belong according to its row, how to move them there, and the statements that store the outcome.
 */
import { isHeld } from '#src/account/past-blobs.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Statement } from '#src/ports/sql.ts'

/**
 * A row in state `unsettled`: its bytes may not be where they belong, or still at the upload's key. Flags are 0 or 1.
 */
export interface UnreconciledBlob {
  cid: string
  tempKey: string | null
  takenDown: number
  /** By a record, or by the history for one that was deleted. */
  needed: number
}

export type BlobOutcome = 'permanent' | 'quarantined' | 'deleted' | 'lost'

/** SQL condition on a row of `blob`: a record references it. */
export const isUsed = 'EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = blob.cid)'

/** SQL condition on a row of `blob`: its bytes are to stay. */
export const isNeeded = `(${isUsed} OR ${isHeld})`

export const selectUnreconciledBlobs = `SELECT cid, temp_key AS tempKey, takedown_ref IS NOT NULL AS takenDown, ${isNeeded} AS needed
                               FROM blob WHERE state = 'unsettled' AND cid > ? ORDER BY cid LIMIT ?`

export function desiredOutcome({
  takenDown,
  needed,
}: UnreconciledBlob): Exclude<BlobOutcome, 'lost'> {
  if (takenDown) return 'quarantined'
  return needed ? 'permanent' : 'deleted'
}

export async function moveBytes(
  storage: BlobStorage,
  did: string,
  { cid, tempKey, takenDown }: UnreconciledBlob,
): Promise<BlobOutcome> {
  const wasMoved = tempKey !== null && (await storage.makePermanent(did, tempKey, cid))
  if (takenDown) {
    await storage.quarantine(did, cid)
    return 'quarantined'
  }
  return wasMoved || (await storage.unquarantine(did, cid)) ? 'permanent' : 'lost'
}

export function storeOutcome(
  { cid, tempKey }: Pick<UnreconciledBlob, 'cid' | 'tempKey'>,
  outcome: BlobOutcome,
): Statement {
  return {
    sql: `${outcomeStatements[outcome]} AND cid = ? AND temp_key IS ?`,
    params: [cid, tempKey],
  }
}

// A lost blob's row is deleted, so that listMissingBlobs lists the blob and it can be uploaded again.
const outcomeStatements: Record<BlobOutcome, string> = {
  permanent: `UPDATE blob SET state = CASE WHEN ${isUsed} THEN NULL ELSE 'held' END, temp_key = NULL
               WHERE state = 'unsettled' AND takedown_ref IS NULL AND ${isNeeded}`,
  quarantined: `UPDATE blob SET state = NULL, temp_key = NULL
          WHERE state = 'unsettled' AND takedown_ref IS NOT NULL`,
  deleted: `DELETE FROM blob WHERE state = 'unsettled' AND takedown_ref IS NULL AND NOT ${isNeeded}`,
  lost: `DELETE FROM blob WHERE state = 'unsettled' AND takedown_ref IS NULL AND ${isNeeded}`,
}

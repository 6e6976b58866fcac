/** Where the bytes of a blob belong, by its row; how they get there; and how it is noted that they are there. */
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Statement } from '#src/ports/sql.ts'

/** A row whose bytes may not be where they belong. */
export interface UnreconciledBlob {
  cid: string
  /** Under which the bytes were uploaded, if they may still be there. */
  tempKey: string | null
  /** 1 where it was taken down. */
  takenDown: number
  /** 1 where a record names it. */
  used: number
}

/** What became of the bytes. */
export type BlobOutcome = 'in place' | 'aside' | 'deleted' | 'lost'

const isUsed = 'EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = blob.cid)'

/** Parameters: the CID after which to begin, and how many. */
export const selectUnreconciledBlobs = `SELECT cid, temp_key AS tempKey, takedown_ref IS NOT NULL AS takenDown, ${isUsed} AS used
                               FROM blob WHERE state = 'unsettled' AND cid > ? ORDER BY cid LIMIT ?`

export function desiredOutcome({
  takenDown,
  used,
}: UnreconciledBlob): Exclude<BlobOutcome, 'lost'> {
  if (takenDown) return 'aside'
  return used ? 'in place' : 'deleted'
}

/** For blobs that stay. May be repeated. */
export async function moveToPlace(
  storage: BlobStorage,
  did: string,
  { cid, tempKey, takenDown }: UnreconciledBlob,
): Promise<BlobOutcome> {
  const wasWaiting = tempKey !== null && (await storage.makePermanent(did, tempKey, cid))
  if (takenDown) {
    await storage.quarantine(did, cid)
    return 'aside'
  }
  return wasWaiting || (await storage.unquarantine(did, cid)) ? 'in place' : 'lost'
}

/** The statement that notes it, if it is still what the row asks for and of the same upload. */
export function noteOutcome(
  { cid, tempKey }: Pick<UnreconciledBlob, 'cid' | 'tempKey'>,
  outcome: BlobOutcome,
): Statement {
  return { sql: `${noting[outcome]} AND cid = ? AND temp_key IS ?`, params: [cid, tempKey] }
}

/** What is lost is forgotten: then listMissingBlobs tells of it, and it can be uploaded again. */
const noting: Record<BlobOutcome, string> = {
  'in place': `UPDATE blob SET state = NULL, temp_key = NULL
               WHERE state = 'unsettled' AND takedown_ref IS NULL AND ${isUsed}`,
  aside: `UPDATE blob SET state = NULL, temp_key = NULL
          WHERE state = 'unsettled' AND takedown_ref IS NOT NULL`,
  deleted: `DELETE FROM blob WHERE state = 'unsettled' AND takedown_ref IS NULL AND NOT ${isUsed}`,
  lost: `DELETE FROM blob WHERE state = 'unsettled' AND takedown_ref IS NULL AND ${isUsed}`,
}

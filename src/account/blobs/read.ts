/** getBlob, listBlobs and listMissingBlobs, the account's part: the bytes come from the storage. */
import { mustBeReadable, type Reader } from '#src/account/access.ts'
import type { Account } from '#src/account/account.ts'
import { isUsed } from '#src/account/blob-location.ts'
import { invalidRequest } from '#src/errors.ts'

export interface FoundBlob {
  mimeType: string
  tempKey?: string
}

/** Throws 400 BlobNotFound for blobs that no record references, and for those taken down. */
export async function findBlob(
  account: Account,
  { cid }: { cid: string },
  as: Reader,
): Promise<FoundBlob> {
  await mustBeReadable(account, as)
  const row = await account.sql.first<{ mimeType: string; tempKey: string | null }>(visible, cid)
  if (row === undefined) throw invalidRequest('Blob not found', 'BlobNotFound')
  return { mimeType: row.mimeType, ...(row.tempKey && { tempKey: row.tempKey }) }
}

const visible = `SELECT mime_type AS mimeType, temp_key AS tempKey FROM blob
                 WHERE cid = ? AND takedown_ref IS NULL AND (state IS NULL OR (state = 'unsettled' AND ${isUsed}))`

export interface BlobList {
  cursor?: string
  cids: string[]
}

export async function listBlobs(
  account: Account,
  { since, limit, cursor = '' }: { since?: string; limit: number; cursor?: string },
  as: Reader,
): Promise<BlobList> {
  await mustBeReadable(account, as)
  const rows = await account.sql.all<{ cid: string }>(
    since === undefined
      ? 'SELECT DISTINCT blob_cid AS cid FROM record_blob WHERE blob_cid > ? ORDER BY blob_cid LIMIT ?'
      : `SELECT DISTINCT blob_cid AS cid FROM record_blob JOIN record USING (path)
         WHERE blob_cid > ? AND record.rev > ? ORDER BY blob_cid LIMIT ?`,
    ...(since === undefined ? [cursor, limit] : [cursor, since, limit]),
  )
  const cids = rows.map(({ cid }) => cid)
  const last = cids.at(-1)
  return { ...(last !== undefined && { cursor: last }), cids }
}

export interface MissingBlobs {
  cursor?: string
  blobs: { cid: string; recordUri: string }[]
}

export async function listMissingBlobs(
  account: Account,
  { limit, cursor = '' }: { limit: number; cursor?: string },
): Promise<MissingBlobs> {
  if ((await account.profile.get()).status === 'deleted') {
    throw invalidRequest('Repo not found', 'NotFound')
  }
  const rows = await account.sql.all<{ cid: string; path: string }>(
    `SELECT blob_cid AS cid, min(path) AS path FROM record_blob
     WHERE blob_cid > ? AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.cid = record_blob.blob_cid)
     GROUP BY blob_cid ORDER BY blob_cid LIMIT ?`,
    cursor,
    limit,
  )
  const blobs = rows.map(({ cid, path }) => ({ cid, recordUri: `at://${account.did}/${path}` }))
  const last = blobs.at(-1)?.cid
  return { ...(last !== undefined && { cursor: last }), blobs }
}

export async function countBlobs({
  sql,
}: Account): Promise<{ expectedBlobs: number; importedBlobs: number }> {
  const row = await sql.first<{ expected: number; imported: number }>(
    `SELECT (SELECT count(DISTINCT blob_cid) FROM record_blob) AS expected,
            (SELECT count(*) FROM blob WHERE state IS NOT 'held'
               AND (state IS NOT 'unsettled' OR ${isUsed})) AS imported`,
  )
  return { expectedBlobs: row?.expected ?? 0, importedBlobs: row?.imported ?? 0 }
}

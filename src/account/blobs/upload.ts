/** Turns an upload that has reached the storage into a blob of the account. */
import type { Account } from '#src/account/account.ts'
import { isPresent } from '#src/account/blobs/references.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { mustManage } from '#src/rules/states.ts'

export interface Upload {
  cid: string
  mimeType: string
  size: number
  key: string
}

/**
 * Stores the row of an upload: temporary until a record references it, or permanent if one does already (an account
 * that migrates in imports its records first), or if the history holds the blob. Returns the media type that the blob is stored with. Throws 401 or 400
 * depending on the account's state, 400 for a blob that was taken down, 413 BlobQuotaExceeded; in these cases the
 * upload is not kept.
 */
export function addUpload(account: Account, upload: Upload): Promise<{ mimeType: string }> {
  const { quotaBytes, uploadMutex } = account.blobs
  // Uploads that are checked at once would together exceed the quota.
  return quotaBytes === undefined
    ? storeUpload(account, upload)
    : uploadMutex.run(() => storeUpload(account, upload))
}

async function storeUpload(account: Account, upload: Upload): Promise<{ mimeType: string }> {
  const { blobs, clock, did, profile, sql } = account
  mustManage((await profile.get()).status)
  const { cid, size, key } = upload
  const known = await sql.first<Known>(byCid, cid)
  if (known?.takedownRef) throw invalidRequest('Blob has been takendown, cannot re-upload')
  if (!known?.mimeType) await mustBeWithinQuota(account, size)
  // Keep the media type that the records which reference it have, or had.
  const isNamed = known?.used || known?.held
  const mimeType = (isNamed && known.mimeType) || upload.mimeType
  await sql.batch([
    ...blobs.takeOutcomes(),
    { sql: upsertUpload, params: [cid, mimeType, size, key, clock.now()] },
  ])
  const replaced = known?.tempKey
  if (replaced && replaced !== key) await blobs.storage.deleteTemps(did, [replaced]).catch(() => {})
  if (isNamed) blobs.reconcile()
  return { mimeType }
}

interface Known {
  mimeType: string | null
  tempKey: string | null
  takedownRef: string | null
  used: number
  held: number
}

const byCid = `SELECT mime_type AS mimeType, temp_key AS tempKey, takedown_ref AS takedownRef,
                 EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = ?1) AS used,
                 EXISTS (SELECT 1 FROM past_blob WHERE blob_cid = ?1) AS held
               FROM (SELECT 1) LEFT JOIN blob ON cid = ?1`

// A second upload of a known blob is stored again, which also repairs a blob whose bytes were lost.
const upsertUpload = `INSERT INTO blob (cid, mime_type, size, temp_key, created_at, state)
                  VALUES (?1, ?2, ?3, ?4, ?5,
                    CASE WHEN EXISTS (SELECT 1 FROM record_blob WHERE blob_cid = ?1)
                      OR EXISTS (SELECT 1 FROM past_blob WHERE blob_cid = ?1) THEN 'unsettled' ELSE 'temp' END)
                  ON CONFLICT (cid) DO UPDATE SET mime_type = excluded.mime_type, temp_key = excluded.temp_key,
                    created_at = excluded.created_at, state = excluded.state
                  WHERE takedown_ref IS NULL`

async function mustBeWithinQuota({ blobs, sql }: Account, size: number): Promise<void> {
  if (blobs.quotaBytes === undefined) return
  const row = await sql.first<{ bytes: number; held: number }>(
    `SELECT coalesce(sum(size), 0) AS bytes, coalesce(sum(size) FILTER (WHERE state = 'held'), 0) AS held
     FROM blob WHERE ${isPresent}`,
  )
  const { bytes = 0, held = 0 } = row ?? {}
  if (bytes + size <= blobs.quotaBytes) return
  const ofHistory = held === 0 ? '' : `, of which the history of deleted records has ${held}`
  const message = `Blob quota exceeded. Max: ${blobs.quotaBytes} bytes${ofHistory}`
  throw new XrpcError(413, 'BlobQuotaExceeded', message)
}

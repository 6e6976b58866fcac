/** What owners see of their files: a list, newest first, with the records that use them, and how much storage they take. */
import type { Account } from '#src/account/account.ts'
import { isUsed } from '#src/account/blob-location.ts'
import { isPresent } from '#src/account/blobs/references.ts'
import { mustShow } from '#src/rules/states.ts'

export interface OwnBlob {
  cid: string
  mimeType: string
  /** Bytes. */
  size: number
  createdAt: number
  isTakenDown: boolean
  /** Whether it is kept for the history only: the records that used it were replaced or deleted. */
  isHeld?: boolean
  /** Paths of the records that use it, at most three of them; none for an upload that no record uses yet. */
  paths: string[]
  /** How many records use it, counted up to 1,000. */
  uses: number
}

/** `cursor` is opaque. Throws 400 RepoNotFound. */
export async function listOwnBlobs(
  account: Account,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ blobs: OwnBlob[]; cursor?: string }> {
  const { status } = await account.profile.get()
  mustShow(status, account.did)
  const [time = '', cid = ''] = cursor?.split(' ') ?? []
  const isAfter = /^\d{1,16}$/.test(time)
  const rows = await account.sql.all<Row>(
    `SELECT cid, mimeType, size, createdAt, isTakenDown, isHeld,
       (SELECT count(*) FROM (SELECT 1 FROM record_blob WHERE blob_cid = cid LIMIT 1000)) AS uses,
       (SELECT json_group_array(path) FROM
         (SELECT path FROM record_blob WHERE blob_cid = cid ORDER BY path LIMIT 3)) AS paths
     FROM (SELECT cid, mime_type AS mimeType, size, created_at AS createdAt,
                  takedown_ref IS NOT NULL AS isTakenDown, takedown_ref IS NULL AND state IS NOT 'temp' AND NOT ${isUsed} AS isHeld
           FROM blob WHERE ${isPresent} ${isAfter ? 'AND (created_at, cid) < (?2, ?3)' : ''}
           ORDER BY created_at DESC, cid DESC LIMIT ?1)
     ORDER BY createdAt DESC, cid DESC`,
    ...(isAfter ? [limit + 1, Number(time), cid] : [limit + 1]),
  )
  const blobs = rows.slice(0, limit).map(({ paths, isTakenDown, isHeld, ...row }) => ({
    ...row,
    isTakenDown: isTakenDown === 1,
    ...(isHeld === 1 && { isHeld: true }),
    paths: JSON.parse(paths) as string[],
  }))
  const last = rows.length > limit ? blobs.at(-1) : undefined
  return { blobs, ...(last && { cursor: `${last.createdAt} ${last.cid}` }) }
}

type Row = Omit<OwnBlob, 'paths' | 'isTakenDown' | 'isHeld'> & {
  paths: string
  isTakenDown: number
  isHeld: number
}

export interface BlobUsage {
  count: number
  bytes: number
  /** That the bytes of an account may reach, if the server has a quota. */
  quotaBytes?: number
}

/** As uploads are counted for the quota; with those that are held for the history. */
export async function blobUsage({ sql, blobs: { quotaBytes } }: Account): Promise<BlobUsage> {
  const row = await sql.first<{ count: number; bytes: number }>(
    `SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM blob WHERE ${isPresent}`,
  )
  const { count = 0, bytes = 0 } = row ?? {}
  return { count, bytes, ...(quotaBytes !== undefined && { quotaBytes }) }
}

/**
 * Pictures of old profiles, which are blobs of a form that must not be written any more (data model specification). Apps
 * write back what they have read, so an update of such a profile gets today's form, as in the reference PDS.
 */
import { isLegacyBlobRef, type LegacyBlobRef } from '@atproto/lex-data'
import type { Account } from '#src/account/account.ts'
import { isPresent } from '#src/account/blobs/references.ts'
import { invalidRequest } from '#src/errors.ts'
import { lookUp } from '#src/protocol/tree.ts'

const PROFILE = 'app.bsky.actor.profile'
const pictures = ['avatar', 'banner'] as const

/**
 * The record as JSON, with blobs of today's form if it updates a profile. Throws 400 BlobNotFound if the bytes of a
 * picture have not been uploaded.
 */
export async function withTypedPictures(
  account: Account,
  { collection, rkey }: { collection: string; rkey: string },
  record: unknown,
): Promise<unknown> {
  if (collection !== PROFILE || typeof record !== 'object' || record === null) return record
  const fields = record as Record<string, unknown>
  const legacy = pictures.filter((name) => isLegacyBlobRef(fields[name]))
  if (legacy.length === 0) return record
  const { tree } = await account.lane.head()
  if (lookUp(tree, `${collection}/${rkey}`) === null) return record
  const typed = { ...fields }
  for (const name of legacy) typed[name] = await typedBlob(account, fields[name] as LegacyBlobRef)
  return typed
}

async function typedBlob({ sql }: Account, { cid, mimeType }: LegacyBlobRef): Promise<object> {
  const row = await sql.first<{ size: number }>(
    `SELECT size FROM blob WHERE cid = ? AND takedown_ref IS NULL AND ${isPresent}`,
    cid,
  )
  if (row === undefined) throw invalidRequest(`Could not find blob: ${cid}`, 'BlobNotFound')
  return { $type: 'blob', ref: { $link: cid }, mimeType, size: row.size }
}

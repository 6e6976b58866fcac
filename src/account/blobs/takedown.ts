/** Blobs that a moderator hides: nobody is given them, no record may name them, and they cannot be uploaded again. */
import type { Account } from '#src/account/account.ts'
import { isPresent } from '#src/account/blobs/references.ts'

/** Takes a blob down, or with `ref` null puts it back. May be repeated; resolves when the bytes are set aside, or back. */
export async function setBlobTakedown(
  { blobs, sql }: Account,
  { cid, ref }: { cid: string; ref: string | null },
): Promise<void> {
  await sql.batch([
    {
      sql: `UPDATE blob SET takedown_ref = ?1, state = 'unsettled'
            WHERE cid = ?2 AND (?1 IS NOT NULL OR takedown_ref IS NOT NULL)`,
      params: [ref, cid],
    },
  ])
  blobs.reconcile()
  await blobs.whenReconciled()
}

/** How a blob stands; null where the account has none of that CID. */
export async function getBlobTakedown(
  { sql }: Account,
  { cid }: { cid: string },
): Promise<{ takedownRef: string | null } | null> {
  const row = await sql.first<{ takedownRef: string | null }>(
    `SELECT takedown_ref AS takedownRef FROM blob WHERE cid = ? AND ${isPresent}`,
    cid,
  )
  return row ?? null
}

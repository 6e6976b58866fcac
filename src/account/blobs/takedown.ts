/**
 * Blob takedowns: a blob taken down is not served, cannot be referenced by a new record, and cannot be uploaded again.
 */
import type { Account } from '#src/account/account.ts'
import { isPresent } from '#src/account/blobs/references.ts'

/** Restores the blob if `ref` is null. Idempotent; resolves when its bytes have been moved. */
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

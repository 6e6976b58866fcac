/**
 * Blob takedowns: a blob taken down is not served, cannot be referenced by a new record, and cannot be uploaded again.
 */
import type { Account } from '#src/account/account.ts'
import { addBlobEvents } from '#src/account/blobs/events.ts'
import { isPresent } from '#src/account/blobs/references.ts'
import { addPrivateEvents, type PrivateFields } from '#src/account/private-events.ts'

/** Restores the blob if `ref` is null. Idempotent; resolves when its bytes have been moved. */
export async function setBlobTakedown(
  account: Account,
  { cid, ref }: { cid: string; ref: string | null },
): Promise<void> {
  const { blobs, sql } = account
  const takedown = ref !== null
  const isChanged = 'cid = ? AND (takedown_ref IS NOT NULL) <> ?'
  const params = [cid, takedown ? 1 : 0]
  const subject = { $type: 'com.atproto.admin.defs#repoBlobRef', did: account.did, cid } as const
  await sql.batch([
    addBlobEvents(account, takedown ? 'takendown' : 'restored', isChanged, params),
    addPrivateEvents(
      account,
      '#moderation',
      `SELECT NULL AS subject, ? AS body FROM blob WHERE ${isChanged}`,
      [JSON.stringify({ subject, takedown } satisfies PrivateFields['#moderation']), ...params],
    ),
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
    // One that was taken down stays, also if no record uses it any more.
    `SELECT takedown_ref AS takedownRef FROM blob
     WHERE cid = ? AND (${isPresent} OR takedown_ref IS NOT NULL)`,
    cid,
  )
  return row ?? null
}

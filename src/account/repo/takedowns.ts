/** Takedowns of single records: hidden from getRecord and listRecords, while the signed repo stays as it is. */
import type { Account } from '#src/account/account.ts'
import { setTakedown } from '#src/account/takedowns.ts'
import { lookUp } from '#src/protocol/tree.ts'

/** What com.atproto.admin.getSubjectStatus tells of a record. */
export interface RecordStatus {
  /** The record as it stands. */
  cid: string
  /** Why it is hidden; null where it is not. */
  takedownRef: string | null
}

/** The record at the path and whether it is hidden; null where there is none. */
export async function getRecordStatus(
  account: Account,
  { collection, rkey }: { collection: string; rkey: string },
): Promise<RecordStatus | null> {
  const path = `${collection}/${rkey}`
  const row = await account.sql.first<{ cid: string }>(
    'SELECT cid FROM record WHERE path = ?',
    path,
  )
  if (row === undefined) return null
  return { cid: row.cid, takedownRef: (await account.takedowns.refOf(path)) ?? null }
}

/**
 * Hides the record at the path, or shows it again where `ref` is null. Its path is meant, whatever stands there: a put
 * does not bring it back, a delete ends it. Does nothing where there is no record, as the reference.
 */
export async function setRecordTakedown(
  account: Account,
  { collection, rkey, ref }: { collection: string; rkey: string; ref: string | null },
): Promise<void> {
  const path = `${collection}/${rkey}`
  // In the lane: it knows which record is there, and drops the answers that show it.
  await account.lane.write(async ({ head }) => {
    const statements = lookUp(head.tree, path) === null ? [] : [setTakedown(path, ref)]
    if (ref !== null) account.takedowns.assumeExist()
    return { answer: undefined, head, statements, events: [] }
  })
}

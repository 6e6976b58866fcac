/** Record takedowns: the record is hidden from getRecord and listRecords, while the signed repo stays unchanged. */
import type { Account } from '#src/account/account.ts'
import { setTakedown } from '#src/account/takedowns.ts'
import { lookUp } from '#src/protocol/tree.ts'

export interface RecordStatus {
  cid: string
  takedownRef: string | null
}

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
 * Hides the record at the path, or shows it again if `ref` is null. A takedown belongs to the path: a put does not end
 * it, a delete does. Does nothing if there is no record, as the reference PDS.
 */
export async function setRecordTakedown(
  account: Account,
  { collection, rkey, ref }: { collection: string; rkey: string; ref: string | null },
): Promise<void> {
  const path = `${collection}/${rkey}`
  // In the write lane, which knows the current records and drops cached responses.
  await account.lane.write(async ({ head }) => {
    const statements = lookUp(head.tree, path) === null ? [] : [setTakedown(path, ref)]
    if (ref !== null) account.takedowns.assumeExist()
    return { answer: undefined, head, statements, events: [] }
  })
}

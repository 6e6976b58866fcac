/** Record takedowns: the record is hidden from getRecord and listRecords, while the signed repo stays unchanged. */
import type { Account } from '#src/account/account.ts'
import { forgetValues } from '#src/account/past.ts'
import { addPrivateEvents, type PrivateFields } from '#src/account/private-events.ts'
import { setTakedown } from '#src/account/takedowns.ts'
import type { Statement } from '#src/ports/sql.ts'
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
    const cid = lookUp(head.tree, path)
    const uri = `at://${account.did}/${path}`
    const statements =
      cid === null ? [] : [changeEvent(account, path, { uri, cid }, ref), setTakedown(path, ref)]
    // What it was before must not come back either.
    if (cid !== null && ref !== null) statements.push(...forgetValues(path))
    if (ref !== null) account.takedowns.assumeExist()
    const onDurable = () => account.blobs.reconcile()
    return { answer: undefined, head, statements, events: [], onDurable }
  })
}

/** An event unless the record has this state already. Run it before the takedown. */
function changeEvent(
  account: Account,
  path: string,
  record: { uri: string; cid: string },
  ref: string | null,
): Statement {
  const fields: PrivateFields['#moderation'] = {
    subject: { $type: 'com.atproto.repo.strongRef', ...record },
    takedown: ref !== null,
  }
  const query = `SELECT NULL AS subject, ? AS body
                 WHERE (SELECT count(*) FROM takedown WHERE path = ?) <> ?`
  const params = [JSON.stringify(fields), path, ref === null ? 0 : 1]
  return addPrivateEvents(account, '#moderation', query, params)
}

/** Private events of blobs that are in the table. */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvents, type PrivateFields } from '#src/account/private-events.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'

/** One for each row that fulfils the SQL condition. Run it before the change. */
export function addBlobEvents(
  account: Pick<Account, 'clock'>,
  change: PrivateFields['#blob']['change'],
  condition: string,
  params: readonly SqlValue[],
): Statement {
  const query = `SELECT NULL AS subject,
      json_object('cid', cid, 'mimeType', mime_type, 'size', size, 'change', '${change}') AS body
    FROM blob WHERE ${condition}`
  return addPrivateEvents(account, '#blob', query, params)
}

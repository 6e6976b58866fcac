/** Limits the mails with a code to one in 30 seconds and a handful an hour, for each purpose: anyone may ask for some. */
import type { Account } from '#src/account/account.ts'
import { findRow, putRow } from '#src/account/factors/rows.ts'
import type { Statement } from '#src/ports/sql.ts'

const PAUSE_MS = 30_000
const WINDOW_MS = 60 * 60_000
const MAX_MAILS = 5
/** A code for signing in is only mailed after the password; its owner may sign in to many apps. */
const MAX_SIGN_IN_MAILS = 15

/**
 * Statements that count a mail, for the transaction that stores its code; undefined if it must not be sent. The pause
 * is for a code that `isPending`: for one that was used, there must be another at once. Call it in `emailMutex`, so
 * that it sees the mail before.
 */
export async function countMail(
  account: Account,
  purpose: string,
  isPending: boolean,
): Promise<Statement[] | undefined> {
  const id = `mail ${purpose}`
  const now = account.clock.now()
  const row = await findRow(account, 'attempts', id)
  if (row === undefined || row.createdAt <= now - WINDOW_MS) {
    return [putRow(account, 'attempts', id, { counter: 1, lastUsedAt: now })]
  }
  const { counter, createdAt, lastUsedAt } = row
  const max = purpose === 'email' ? MAX_SIGN_IN_MAILS : MAX_MAILS
  if (counter >= max) return undefined
  if (isPending && (lastUsedAt ?? createdAt) > now - PAUSE_MS) return undefined
  return [putRow(account, 'attempts', id, { counter: counter + 1, createdAt, lastUsedAt: now })]
}

/** For a mail that could not be sent: its owner may ask for another at once. */
export async function uncountMail(
  { sql }: Pick<Account, 'sql'>,
  { purpose }: { purpose: string },
): Promise<void> {
  await sql.batch([
    {
      sql: `UPDATE factor SET counter = max(0, counter - 1), last_used_at = 0
            WHERE kind = 'attempts' AND id = ?`,
      params: [`mail ${purpose}`],
    },
  ])
}

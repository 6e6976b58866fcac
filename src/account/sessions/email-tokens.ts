/** Tokens sent by mail, which prove access to the account's mailbox: one for each purpose, valid for 15 minutes. */
import type { Account } from '#src/account/account.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import type { Statement } from '#src/ports/sql.ts'

export type EmailPurpose =
  | 'confirm_email'
  | 'update_email'
  | 'reset_password'
  | 'delete_account'
  | 'plc_operation'

const EMAIL_TOKEN_LIFETIME_MS = 15 * 60_000

const kind = 'email token'

/**
 * A new token, which replaces the previous one, and the address to send it to. Throws 400 if the account has no
 * address, and as `usableRow`; with `evenTakendown` it throws only 400, if the account does not exist.
 */
export async function requestEmailToken(
  account: Account,
  { purpose, evenTakendown = false }: { purpose: EmailPurpose; evenTakendown?: boolean },
): Promise<{ token: string; email: string }> {
  const row = evenTakendown ? await account.profile.find() : await usableRow(account)
  if (row === undefined || row.status === 'deleted') throw invalidRequest('account not found')
  if (row.email === null) throw invalidRequest('account does not have an email address')
  const token = randomLetters(2, 5).toUpperCase()
  await account.sql.batch([upsertToken(purpose, token, account.clock.now())])
  return { token, email: row.email }
}

/**
 * Throws 400 InvalidToken unless `token`, in either case, is the latest for this purpose; 400 ExpiredToken if it is too
 * old.
 */
export async function checkEmailToken(
  account: Account,
  purpose: EmailPurpose,
  token: string,
): Promise<void> {
  const row = await account.sql.first<{ secret: string; createdAt: number }>(
    'SELECT secret, created_at AS createdAt FROM credential WHERE kind = ? AND name = ?',
    kind,
    purpose,
  )
  if (row?.secret !== token.toUpperCase()) throw invalidRequest('Token is invalid', 'InvalidToken')
  if (account.clock.now() - row.createdAt >= EMAIL_TOKEN_LIFETIME_MS) {
    throw invalidRequest('Token is expired', 'ExpiredToken')
  }
}

/** Run it in the transaction in which the token takes effect. */
export function consumeEmailToken(purpose: EmailPurpose): Statement {
  return { sql: 'DELETE FROM credential WHERE kind = ? AND name = ?', params: [kind, purpose] }
}

/** For tokens that were sent to an address that is no longer the account's. */
export function consumeAllEmailTokens(): Statement {
  return { sql: 'DELETE FROM credential WHERE kind = ?', params: [kind] }
}

function upsertToken(purpose: EmailPurpose, token: string, now: number): Statement {
  return {
    sql: 'INSERT OR REPLACE INTO credential (kind, name, secret, created_at) VALUES (?, ?, ?, ?)',
    params: [kind, purpose, token, now],
  }
}

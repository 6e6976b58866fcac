/** The password of one account: reset with a token, set by the admin, verified before a destructive action. */
import type { Account } from '#src/account/account.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import { updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { checkEmailToken, consumeEmailToken } from '#src/account/sessions/email-tokens.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashPassword, verifyPassword } from '#src/ports/passwords.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { checkNewPassword } from '#src/rules/passwords.ts'

/** As `setPassword`. Throws 400 InvalidToken or ExpiredToken. */
export async function resetPassword(
  account: Account,
  { token, password, client }: { token: string; password: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  checkNewPassword(password)
  await checkEmailToken(account, 'reset_password', token)
  await setPassword(account, { password, ...(client && { client }) }, key)
}

/** As `endAllSessions`. Throws 400 if the password is invalid or the account does not exist. */
export async function setPassword(
  account: Account,
  { password, client }: { password: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  checkNewPassword(password)
  const row = await account.profile.get()
  if (row.status === 'deleted') throw invalidRequest('account not found')
  const passwordHash = await hashPassword(password)
  try {
    await account.sql.batch([
      updateProfile({ passwordHash }),
      consumeEmailToken('reset_password'),
      ...endAllSessions(account),
      ...addSecurityEvent(account, 'password changed', client),
      ...account.idempotencyKeys.markUsed(key),
    ])
  } finally {
    account.accessTokens.clear()
    account.profile.forget()
  }
}

export async function isPassword(
  account: Account,
  password: string,
  network?: string,
): Promise<boolean> {
  const hash = (await account.profile.find())?.passwordHash
  return hash != null && verifyPassword(password, hash, network)
}

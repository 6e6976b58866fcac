/** Whether the caller may delete the account: it takes the password and a token sent by mail (deleteAccount). */
import type { Account } from '#src/account/account.ts'
import type { ClientInfo } from '#src/account/security-events.ts'
import { checkEmailToken } from '#src/account/sessions/email-tokens.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import { verifyPassword } from '#src/ports/passwords.ts'

/** Throws 400 if the account does not exist, 401 for a wrong password, 400 InvalidToken or ExpiredToken. */
export async function authorizeDeletion(
  account: Account,
  { password, token, client }: { password: string; token: string; client?: ClientInfo },
): Promise<void> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') throw invalidRequest('account not found')
  const { passwordHash: hash } = row
  const isRight = hash !== null && (await verifyPassword(password, hash, client?.network))
  if (!isRight) throw authRequired('Invalid did or password')
  await checkEmailToken(account, 'delete_account', token)
}

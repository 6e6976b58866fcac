/** Authenticates the account with its password, for a sign-in to an app (OAuth). */
import type { Account } from '#src/account/account.ts'
import { type AccountSummary, describeAccount } from '#src/account/oauth/account-summary.ts'
import type { ClientInfo } from '#src/account/security-events.ts'
import { findAppPassword } from '#src/account/sessions/app-passwords.ts'
import { isPassword } from '#src/account/sessions/passwords.ts'
import { invalidRequest } from '#src/errors.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'
import { may } from '#src/rules/states.ts'

/**
 * Throws 401 for a wrong password, 400 for an app password, which OAuth does not accept, and 400 for an account that
 * was taken down.
 */
export async function authenticateAccount(
  account: Account,
  { password, client }: { password: string; client?: ClientInfo },
): Promise<AccountSummary> {
  const summary = await describeAccount(account)
  if (summary === null) throw wrongCredentials()
  if (await isPassword(account, password, client?.network)) {
    if (may('logIn', summary.status)) return summary
    throw invalidRequest('Account was taken down')
  }
  if ((await findAppPassword(account, password, client?.network)) !== undefined) {
    throw invalidRequest('App passwords are not allowed')
  }
  throw wrongCredentials()
}

/** The token that an account is mailed before this server signs an operation of its DID. */
import type { Account } from '#src/account/account.ts'
import { noteEvent, type Where } from '#src/account/security-events.ts'
import { checkEmailToken, useEmailToken } from '#src/account/sessions/email-tokens.ts'

/** Believes the token, once. Throws 400 InvalidToken or ExpiredToken. */
export async function usePlcToken(
  account: Account,
  { token, where }: { token: string; where?: Where },
): Promise<void> {
  await checkEmailToken(account, 'plc_operation', token)
  await account.sql.batch([
    useEmailToken('plc_operation'),
    ...noteEvent(account, 'plc operation', where),
  ])
}

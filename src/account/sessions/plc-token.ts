/** The token that is mailed to an account before this server signs a PLC operation for its DID. */
import type { Account } from '#src/account/account.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { checkEmailToken, consumeEmailToken } from '#src/account/sessions/email-tokens.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

/** Throws 400 InvalidToken or ExpiredToken. */
export async function consumePlcToken(
  account: Account,
  { token, client }: { token: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  await checkEmailToken(account, 'plc_operation', token)
  await account.sql.batch([
    consumeEmailToken('plc_operation'),
    ...addSecurityEvent(account, 'plc operation', client),
    ...account.idempotencyKeys.markUsed(key),
  ])
}

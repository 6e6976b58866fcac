/** The token that is mailed to an account before this server signs a PLC operation for its DID. */
import type { Account } from '#src/account/account.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import {
  checkEmailToken,
  consumeEmailToken,
  type MailedToken,
  requestEmailToken,
} from '#src/account/sessions/email-tokens.ts'
import { invalidRequest } from '#src/errors.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

/**
 * For a member that acts as this account, a group: a token that is sent to `email`, the member's own address; without it, to
 * the group's. Throws 400 if there is none, and as `requestEmailToken`.
 */
export async function requestPlcToken(
  account: Account,
  { email }: { email?: string } = {},
  key?: IdempotencyKey,
): Promise<MailedToken> {
  const to = email ?? (await account.profile.get()).email
  if (to === null) {
    throw invalidRequest(
      'The code is sent to the address of your account on this server, or of the group: there is none',
    )
  }
  return requestEmailToken(account, { purpose: 'plc_operation', to }, key)
}

/** Throws 400 InvalidToken or ExpiredToken. */
export async function consumePlcToken(
  account: Account,
  { token, client }: { token: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  await checkEmailToken(account, 'plc_operation', token)
  await account.sql.batch([
    consumeEmailToken('plc_operation', account),
    ...addSecurityEvent(account, 'plc operation', client),
    ...account.idempotencyKeys.markUsed(key),
  ])
}

/** The email of one account: confirmed, and changed with a token if it was confirmed (com.atproto.server). */
import type { Account } from '#src/account/account.ts'
import { addEmailFactor, removeEmailFactor } from '#src/account/factors/email.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import type { ClientInfo } from '#src/account/security-events.ts'
import { changeEmail, finishEmailChange } from '#src/account/sessions/change-email.ts'
import { unlessEndedByClaim, whileUnclaimed } from '#src/account/sessions/claim-turns.ts'
import {
  checkEmailToken,
  consumeEmailToken,
  type EmailPurpose,
  type MailedToken,
  requestEmailToken,
} from '#src/account/sessions/email-tokens.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { parseAddress, parseEmail } from '#src/rules/emails.ts'

export async function requestToken(
  account: Account,
  input: { purpose: EmailPurpose; evenTakendown?: boolean },
  key?: IdempotencyKey,
): Promise<MailedToken> {
  await finishEmailChange(account)
  return requestEmailToken(account, input, key)
}

/** Throws 400 InvalidEmail (not the account's email), InvalidToken or ExpiredToken, and as `usableRow`. */
export async function confirmEmail(
  account: Account,
  { email, token }: { email: string; token: string },
  key?: IdempotencyKey,
): Promise<void> {
  const row = await currentRow(account)
  if (row.email !== email.toLowerCase()) throw invalidRequest('invalid email', 'InvalidEmail')
  await checkEmailToken(account, 'confirm_email', token)
  const emailConfirmedAt = new Date(account.clock.now()).toISOString()
  try {
    await account.sql.batch([
      updateProfile({ emailConfirmedAt }),
      consumeEmailToken('confirm_email'),
      addPrivateEvent(account, '#email', { change: 'confirmed' }),
      ...account.idempotencyKeys.markUsed(key),
    ])
  } finally {
    account.profile.forget()
  }
}

export async function requestEmailUpdate(
  account: Account,
  _: object = {},
  key?: IdempotencyKey,
): Promise<{ tokenRequired: boolean; sent?: MailedToken }> {
  const row = await currentRow(account)
  if (row.email === null) throw invalidRequest('account does not have an email address')
  if (row.emailConfirmedAt === null) return { tokenRequired: false }
  const answer = (sent: MailedToken) => ({ tokenRequired: true, sent })
  return answer(await requestEmailToken(account, { purpose: 'update_email' }, key, answer))
}

/**
 * With `emailAuthFactor` and the current address, codes by mail are turned on, if the address is confirmed, or off,
 * with a token. Throws 400 for an invalid, disposable or taken address; 400 TokenRequired, InvalidToken or
 * ExpiredToken, also if a claim has ended the `session`; and as `usableRow`.
 */
export function updateEmail(
  account: Account,
  { session, ...input }: EmailUpdate & { session?: string },
  key?: IdempotencyKey,
): Promise<void> {
  return unlessEndedByClaim(account, session, () => update(account, input, key))
}

interface EmailUpdate {
  email: string
  token?: string
  emailAuthFactor?: boolean
  client?: ClientInfo
}

async function update(
  account: Account,
  input: EmailUpdate,
  key: IdempotencyKey | undefined,
): Promise<void> {
  const row = await currentRow(account)
  const email = parseEmail(input.email)
  const { client, emailAuthFactor: isWanted } = input
  const isSame = email === row.email && row.emailConfirmedAt !== null
  if (isSame && isWanted === true) return addEmailFactor(account, client && { client })
  // A change whose process exited before it answered: it was finished when the account woke, and its token is used up.
  if (input.token && email === row.email && row.emailConfirmedAt === null) return
  if (!input.token && row.emailConfirmedAt !== null) {
    throw invalidRequest('confirmation token required', 'TokenRequired')
  }
  if (input.token) await checkEmailToken(account, 'update_email', input.token)
  if (isSame && isWanted === false) {
    const effect = [consumeEmailToken('update_email'), ...account.idempotencyKeys.markUsed(key)]
    return removeEmailFactor(account, { ...(client && { client }), effect })
  }
  await changeEmail(account, email, { client, key })
}

/** With `unlessClaimed` it throws 403 AlreadyClaimed if its user has taken the account over. */
export async function setEmail(
  account: Account,
  { email, unlessClaimed = false }: { email: string; unlessClaimed?: boolean },
  key?: IdempotencyKey,
): Promise<void> {
  const address = parseAddress(email)
  const change = () => changeEmail(account, address, { key })
  await (unlessClaimed ? whileUnclaimed(account, change) : change())
}

async function currentRow(account: Account): Promise<ProfileRow> {
  await finishEmailChange(account)
  return usableRow(account)
}

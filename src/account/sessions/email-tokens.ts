/**
 * Tokens sent by mail, which prove access to the account's mailbox: one for each purpose, valid for 15 minutes. A member
 * that acts as the account, a group, has its own, which end with the membership.
 */
import type { Account } from '#src/account/account.ts'
import { countMail } from '#src/account/factors/mail-limit.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

export type EmailPurpose =
  | 'confirm_email'
  | 'update_email'
  | 'reset_password'
  | 'delete_account'
  | 'plc_operation'

const EMAIL_TOKEN_LIFETIME_MS = 15 * 60_000

const kind = 'email token'

export interface MailedToken {
  email: string
  /** Absent if no mail is to be sent, because there were too many lately. */
  token?: string
}

/**
 * A token, and the address to send it to: a valid one is sent again, so that a second request, also by another person,
 * does not void the mail that the owner is reading. A call that is repeated with its `key` gets the same token;
 * `answer` is what its action makes of it. `to` is the address of a member, instead of the account's. Throws 400 if there is
 * no address, and as `usableRow`; with `evenTakendown` it throws only 400, if the account does not exist.
 */
export async function requestEmailToken(
  account: Account,
  {
    purpose,
    evenTakendown = false,
    to,
  }: { purpose: EmailPurpose; evenTakendown?: boolean; to?: string },
  key?: IdempotencyKey,
  answer: (mailed: MailedToken) => unknown = (mailed) => mailed,
): Promise<MailedToken> {
  const row = evenTakendown ? await account.profile.find() : await usableRow(account)
  if (row === undefined || row.status === 'deleted') throw invalidRequest('account not found')
  const email = to ?? row.email
  if (email === null) throw invalidRequest('account does not have an email address')
  return account.emailMutex.run(async () => {
    const now = account.clock.now()
    const last = await findToken(account, purpose)
    const isValid = last !== undefined && now - last.createdAt < EMAIL_TOKEN_LIFETIME_MS
    const counted = await countMail(account, purpose, isValid)
    if (counted === undefined) return { email }
    const token = isValid ? last.secret : randomLetters(2, 5).toUpperCase()
    await account.sql.batch([
      upsertToken(account, purpose, token, now),
      ...counted,
      ...account.idempotencyKeys.markUsed(key, answer({ email, token })),
    ])
    return { email, token }
  })
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
  const row = await findToken(account, purpose)
  if (row?.secret !== token.toUpperCase()) throw invalidRequest('Token is invalid', 'InvalidToken')
  if (account.clock.now() - row.createdAt >= EMAIL_TOKEN_LIFETIME_MS) {
    throw invalidRequest('Token is expired', 'ExpiredToken')
  }
}

/** Run it in the transaction in which the token takes effect. */
export function consumeEmailToken(
  purpose: EmailPurpose,
  account: Pick<Account, 'actingMember'> = {},
): Statement {
  return {
    sql: 'DELETE FROM credential WHERE kind = ? AND name = ?',
    params: [kind, nameOf(account, purpose)],
  }
}

/** For tokens that were sent to an address that is no longer the account's. */
export function consumeAllEmailTokens(): Statement {
  return { sql: 'DELETE FROM credential WHERE kind = ?', params: [kind] }
}

function findToken(account: Account, purpose: EmailPurpose) {
  return account.sql.first<{ secret: string; createdAt: number }>(
    'SELECT secret, created_at AS createdAt FROM credential WHERE kind = ? AND name = ?',
    kind,
    nameOf(account, purpose),
  )
}

function upsertToken(
  account: Account,
  purpose: EmailPurpose,
  token: string,
  now: number,
): Statement {
  const member = account.actingMember?.did ?? null
  return {
    sql: `INSERT OR REPLACE INTO credential (kind, name, secret, created_at, member)
          VALUES (?, ?, ?, ?, ?)`,
    params: [kind, nameOf(account, purpose), token, now, member],
  }
}

/** A member's token is for that member only. */
function nameOf({ actingMember }: Pick<Account, 'actingMember'>, purpose: EmailPurpose): string {
  return actingMember === undefined ? purpose : `${purpose} ${actingMember.did}`
}

/**
 * Changing an account's email. The directory is the referee: no two accounts have the same one.
 *
 * 1. The account notes which address it wants.
 * 2. The directory notes the address, or refuses it.
 * 3. The account takes it, unconfirmed, and ends all tokens that went to the old one; or it wants it no more.
 *
 * Whoever dies between these goes on where they were: when the account next wakes, or when the email is next needed.
 */
import type { Account } from '#src/account/account.ts'
import { removeRows } from '#src/account/factors/rows.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { consumeAllEmailTokens } from '#src/account/sessions/email-tokens.ts'
import { XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** Gives the account this email, in lower case. Codes by mail are off after it. Throws 400 where somebody else has it. */
export function changeEmail(account: Account, email: string, where?: ClientInfo): Promise<void> {
  return account.emailMutex.run(async () => {
    const wanted = (await account.profile.get()).emailWanted
    if (wanted !== null) await finish(account, wanted).catch(ignoreRefusal)
    await store(account, { emailWanted: email })
    await finish(account, email, where)
  })
}

/** Finishes a change that was begun and is not over; nothing where there is none. */
export async function finishEmailChange(account: Account): Promise<void> {
  if ((await account.profile.find())?.emailWanted == null) return
  await account.emailMutex.run(async () => {
    const wanted = (await account.profile.get()).emailWanted
    if (wanted !== null) await finish(account, wanted).catch(ignoreRefusal)
  })
}

/** Steps 2 and 3. */
async function finish(account: Account, email: string, where?: ClientInfo): Promise<void> {
  try {
    await account.claimEmail(email)
  } catch (error) {
    if (isVerdict(error)) await store(account, { emailWanted: null })
    throw error
  }
  // An account that is gone keeps no address.
  if ((await account.profile.get()).status === 'deleted') return
  const ended = [
    consumeAllEmailTokens(),
    removeRows('email'),
    removeRows('code'),
    ...noteSecurityEvent(account, 'email changed', where),
  ]
  await store(account, { email, emailConfirmedAt: null, emailWanted: null }, ended)
}

async function store(
  account: Account,
  changes: Partial<ProfileRow>,
  more: readonly Statement[] = [],
): Promise<void> {
  try {
    await account.sql.batch([updateProfile(changes), ...more])
  } finally {
    account.factorKinds.clear()
    account.profile.forget()
  }
}

/** Whoever asked for it first has heard of it, or has died. */
function ignoreRefusal(error: unknown): void {
  if (!isVerdict(error)) throw error
}

/** A refusal, and not only a directory that cannot be reached. */
function isVerdict(error: unknown): boolean {
  return error instanceof XrpcError && error.status < 500
}

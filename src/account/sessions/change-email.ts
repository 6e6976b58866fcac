/**
 * Changing an account's email; the directory ensures that no two accounts have the same address.
 *
 * 1. The account stores the wanted address.
 * 2. The directory claims the address, or rejects it.
 * 3. The account takes the address, unconfirmed, and revokes all tokens mailed to the old one; or, if rejected,
 *    clears the wanted one.
 *
 * If the process exits in between, the change continues when the actor next wakes, or when the email is next needed.
 */
import type { Account } from '#src/account/account.ts'
import { removeFactor } from '#src/account/factors/changes.ts'
import { removeRows } from '#src/account/factors/rows.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { consumeAllEmailTokens } from '#src/account/sessions/email-tokens.ts'
import { XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

/**
 * Also turns codes by mail off. Does nothing if the account has the address already, unconfirmed. Throws 400 if another
 * account has it.
 */
export function changeEmail(
  account: Account,
  email: string,
  call: { client?: ClientInfo | undefined; key?: IdempotencyKey | undefined } = {},
): Promise<void> {
  return account.emailMutex.run(async () => {
    const { email: current, emailConfirmedAt, pendingEmail } = await account.profile.get()
    // A change to this address whose caller was lost: it has been finished meanwhile, or is finished here.
    if (current === email && emailConfirmedAt === null && pendingEmail === null) return
    if (pendingEmail !== email) {
      if (pendingEmail !== null) await finish(account, pendingEmail).catch(ignoreRejection)
      await store(account, { pendingEmail: email })
    }
    await finish(account, email, call)
  })
}

export async function finishEmailChange(account: Account): Promise<void> {
  if ((await account.profile.find())?.pendingEmail == null) return
  await account.emailMutex.run(async () => {
    const wanted = (await account.profile.get()).pendingEmail
    if (wanted !== null) await finish(account, wanted).catch(ignoreRejection)
  })
}

async function finish(
  account: Account,
  email: string,
  { client, key }: { client?: ClientInfo | undefined; key?: IdempotencyKey | undefined } = {},
): Promise<void> {
  try {
    await account.claimEmail(email)
  } catch (error) {
    if (isRejection(error)) await store(account, { pendingEmail: null })
    throw error
  }
  // A deleted account keeps no address.
  if ((await account.profile.get()).status === 'deleted') return
  const revoked = [
    consumeAllEmailTokens(),
    ...removeFactor(account, 'email'),
    removeRows('code'),
    addPrivateEvent(account, '#email', { change: 'changed' }),
    ...addSecurityEvent(account, 'email changed', client),
    ...account.idempotencyKeys.markUsed(key),
  ]
  await store(account, { email, emailConfirmedAt: null, pendingEmail: null }, revoked)
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

// The call that began the change has already returned this error, or was lost.
function ignoreRejection(error: unknown): void {
  if (!isRejection(error)) throw error
}

function isRejection(error: unknown): boolean {
  return error instanceof XrpcError && error.status < 500
}

/**
 * Single-use codes of two times five letters, which is all that the stock sign-in page accepts: mailed codes, the code
 * that an account page shows, and the ten recovery codes. Only their hashes are stored.
 */
import type { Account } from '#src/account/account.ts'
import { countMail } from '#src/account/factors/mail-limit.ts'
import { findRow, listRows, putRow, removeRows, writeFactors } from '#src/account/factors/rows.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

export type CodePurpose = 'email' | 'page' | 'confirm email'

const CODE_LIFETIME_MS = 15 * 60_000
const RECOVERY_CODES = 10

/** A code for other sign-ins, shown on the account pages to an owner who has passed a second step there. */
export async function createPageCode(account: Account): Promise<{ code: string }> {
  return { code: await replaceCode(account, 'page') }
}

async function replaceCode(
  account: Account,
  purpose: CodePurpose,
  effect: (code: string) => Statement[] = () => [],
): Promise<string> {
  const code = generateCode()
  const name = await hashCode(account, code)
  await account.sql.batch([putRow(account, 'code', purpose, { name }), ...effect(code)])
  return code
}

export interface EmailCode {
  email: string
  token?: string
}

/**
 * A new code to send by mail; without `token` if too many were sent lately (`countMail`). A call
 * that is repeated with its `key` gets the same code; `answer` is what its action makes of the code. Throws 400 if the
 * account has no email address.
 */
export async function createEmailCode(
  account: Account,
  purpose: CodePurpose,
  key?: IdempotencyKey,
  answer: (mail: EmailCode) => unknown = (mail) => mail,
): Promise<EmailCode> {
  const { email } = await account.profile.get()
  if (email === null) throw invalidRequest('account does not have an email address')
  return account.emailMutex.run(async () => {
    const counted = await countMail(account, purpose, await isCodePending(account, purpose))
    if (counted === undefined) return { email }
    const effect = (token: string) => [
      ...counted,
      ...account.idempotencyKeys.markUsed(key, answer({ email, token })),
    ]
    return { email, token: await replaceCode(account, purpose, effect) }
  })
}

export async function isCodePending(account: Account, purpose: CodePurpose): Promise<boolean> {
  const row = await findRow(account, 'code', purpose)
  return row !== undefined && row.createdAt > account.clock.now() - CODE_LIFETIME_MS
}

export async function consumeCode(
  account: Account,
  purposes: readonly CodePurpose[],
  code: string,
): Promise<Statement[] | undefined> {
  const name = await hashCode(account, code)
  for (const purpose of purposes) {
    const row = await findRow(account, 'code', purpose)
    const isValid = row?.name === name && row.createdAt > account.clock.now() - CODE_LIFETIME_MS
    if (isValid) return [removeRows('code', purpose)]
  }
  return undefined
}

export async function createRecoveryCodes(
  account: Account,
  { client }: { client?: ClientInfo } = {},
  key?: IdempotencyKey,
): Promise<{ codes: string[] }> {
  const codes = Array.from({ length: RECOVERY_CODES }, generateCode)
  const hashes = await Promise.all(codes.map((code) => hashCode(account, code)))
  await writeFactors(account, [
    removeRows('recovery code'),
    ...hashes.map((id) => putRow(account, 'recovery code', id)),
    addPrivateEvent(account, '#factor', { change: 'added', kind: 'recovery code' }),
    ...addSecurityEvent(account, 'factor added', client, 'recovery codes'),
    ...account.idempotencyKeys.markUsed(key, { codes }),
  ])
  return { codes }
}

export async function consumeRecoveryCode(
  account: Account,
  code: string,
): Promise<Statement[] | undefined> {
  const id = await hashCode(account, code)
  const row = await findRow(account, 'recovery code', id)
  return row && [removeRows('recovery code', id)]
}

export async function countRecoveryCodes(account: Account): Promise<number> {
  return (await listRows(account, 'recovery code')).length
}

function generateCode(): string {
  return randomLetters(2, 5).toUpperCase()
}

// Slow, because a code has only 50 bits.
function hashCode({ did }: Account, code: string): Promise<string> {
  const letters = code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')
  return hashAppPassword(did, letters.slice(0, 20))
}

/**
 * Codes that are used once, of two times five letters, which is all that the stock sign-in page lets people type:
 * mailed ones, one that a page of ours shows, and the ten recovery codes. Only their hashes are kept.
 */
import type { Account } from '#src/account/account.ts'
import { findRow, listRows, putRow, removeRows, writeFactors } from '#src/account/factors/rows.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import type { Statement } from '#src/ports/sql.ts'

/** Who has to enter a code: whoever signs in (`page` for one that a page showed), or whoever turns codes by mail on. */
export type CodePurpose = 'email' | 'page' | 'confirm email'

/** How long a code is good, in milliseconds. */
export const codeLifetime = 15 * 60_000
/** A second mail is not sent within this time of the first. */
const MAIL_PAUSE_MS = 30_000
const RECOVERY_CODES = 10

/** A code for a sign-in elsewhere, to be shown to somebody who has just signed in with a second step here. */
export async function createPageCode(account: Account): Promise<{ code: string }> {
  return { code: await newCode(account, 'page') }
}

/** A fresh code in the place of the one before. */
async function newCode(account: Account, use: CodePurpose): Promise<string> {
  const code = fresh()
  const name = await hash(account, code)
  await account.sql.batch([putRow(account, 'code', use, { name })])
  return code
}

/**
 * A fresh code to send by mail. Without `token` one was sent just now, and is still good. Throws 400 where there is no
 * address.
 */
export async function createEmailCode(
  account: Account,
  use: CodePurpose,
): Promise<{ email: string; token?: string }> {
  const { email } = await account.profile.get()
  if (email === null) throw invalidRequest('account does not have an email address')
  const last = await findRow(account, 'code', use)
  if (last !== undefined && last.createdAt > account.clock.now() - MAIL_PAUSE_MS) return { email }
  return { email, token: await newCode(account, use) }
}

/** Statements that use up a code; undefined where it is none of these, or too old. */
export async function consumeCode(
  account: Account,
  uses: readonly CodePurpose[],
  code: string,
): Promise<Statement[] | undefined> {
  const name = await hash(account, code)
  for (const use of uses) {
    const row = await findRow(account, 'code', use)
    const isGood = row?.name === name && row.createdAt > account.clock.now() - codeLifetime
    if (isGood) return [removeRows('code', use)]
  }
  return undefined
}

/** Ten recovery codes in the place of those before. They cannot be shown again. */
export async function createRecoveryCodes(
  account: Account,
  { where }: { where?: ClientInfo } = {},
): Promise<{ codes: string[] }> {
  const codes = Array.from({ length: RECOVERY_CODES }, fresh)
  const hashes = await Promise.all(codes.map((code) => hash(account, code)))
  await writeFactors(account, [
    removeRows('recovery code'),
    ...hashes.map((id) => putRow(account, 'recovery code', id)),
    ...noteSecurityEvent(account, 'factor added', where, 'recovery codes'),
  ])
  return { codes }
}

/** Statements that use up a recovery code; undefined where it is none that is left. */
export async function consumeRecoveryCode(
  account: Account,
  code: string,
): Promise<Statement[] | undefined> {
  const id = await hash(account, code)
  const row = await findRow(account, 'recovery code', id)
  return row && [removeRows('recovery code', id)]
}

export async function countRecoveryCodes(account: Account): Promise<number> {
  return (await listRows(account, 'recovery code')).length
}

function fresh(): string {
  return randomLetters(2, 5).toUpperCase()
}

/** However people type it. The hash is slow: fifty bits are few. */
function hash({ did }: Account, code: string): Promise<string> {
  const letters = code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')
  return hashAppPassword(did, letters.slice(0, 20))
}

/** The authenticator app of one account: enrolled with a first code, then each code good once. */
import type { Account } from '#src/account/account.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import {
  findRow,
  markRowUsed,
  putRow,
  removeRows,
  writeFactors,
} from '#src/account/factors/rows.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { newTotpSecret, totpEnrolment, totpStep } from '#src/ports/totp.ts'

const id = 'app'
/** An enrolment that was begun waits this long for its first code, in ms. */
const enrolmentLifetime = 60 * 60_000

/** A secret for the app, as a link and as a key to type; the one that was begun lately stays. Throws 400 where an app is enrolled. */
export async function beginTotp(account: Account): Promise<{ uri: string; key: string }> {
  if (await findRow(account, 'totp', id)) {
    throw invalidRequest('There is an authenticator app already')
  }
  const begun = await findRow(account, 'new totp', id)
  const isFresh = begun && begun.createdAt > account.clock.now() - enrolmentLifetime
  const secret = isFresh ? open(account, begun.secret) : newTotpSecret()
  if (!isFresh) {
    const sealed = account.keys.seal(secret, context(account))
    await account.sql.batch([putRow(account, 'new totp', id, { secret: sealed })])
  }
  const { handle } = await account.profile.get()
  const issuer = new URL(account.service.publicUrl).hostname
  return totpEnrolment(secret, { issuer, label: handle ?? account.did })
}

/** Enrols the app that shows this code. Throws 400 InvalidToken, or where none was begun. */
export function confirmTotp(
  account: Account,
  { code, where }: { code: string; where?: ClientInfo },
): Promise<void> {
  return withAttemptLimit(account, where, async () => {
    const begun = await findRow(account, 'new totp', id)
    if (begun === undefined) throw invalidRequest('No authenticator app is being added')
    const { secret } = begun
    const step = totpStep(open(account, secret), digits(code), account.clock.now())
    if (step === undefined) throw invalidRequest('Token is invalid', 'InvalidToken')
    await writeFactors(account, [
      putRow(account, 'totp', id, { secret: bytes(secret), counter: step }),
      removeRows('new totp'),
      clearFailures(),
      ...noteSecurityEvent(account, 'factor added', where, 'TOTP'),
    ])
  })
}

/** Silent where there is none. */
export async function removeTotp(account: Account, { where }: { where?: ClientInfo } = {}) {
  if ((await findRow(account, 'totp', id)) === undefined) return
  const event = noteSecurityEvent(account, 'factor removed', where, 'TOTP')
  await writeFactors(account, [removeRows('totp'), removeRows('new totp'), ...event])
}

/** Statements that use up a code of the app; undefined where it is none, or not newer than the last one that was used. */
export async function consumeTotp(
  account: Account,
  code: string,
): Promise<Statement[] | undefined> {
  const row = await findRow(account, 'totp', id)
  if (row === undefined) return undefined
  const step = totpStep(open(account, row.secret), digits(code), account.clock.now())
  if (step === undefined || step <= row.counter) return undefined
  return [markRowUsed(account, 'totp', id, step)]
}

/** Whether text looks like a code of an app, and not like one that was mailed. */
export function looksLikeTotp(code: string): boolean {
  return /^\d{6}$/.test(digits(code))
}

function digits(code: string): string {
  return code.replaceAll(/\s/g, '')
}

function open(account: Account, sealed: Uint8Array | null): Uint8Array {
  return account.keys.open(bytes(sealed), context(account))
}

/** From the engine bytes come as a list of numbers. */
function bytes(sealed: Uint8Array | null): Uint8Array {
  return Uint8Array.from(sealed ?? [])
}

function context({ did }: Account): string {
  return `${did} totp`
}

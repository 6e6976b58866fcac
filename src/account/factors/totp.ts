/** The authenticator app (TOTP) of one account: enrolled with a first code; each code works once. */
import type { Account } from '#src/account/account.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import { addFactor, removeFactor } from '#src/account/factors/changes.ts'
import {
  type FactorRow,
  findRow,
  markRowUsed,
  putRow,
  removeRows,
  writeFactors,
} from '#src/account/factors/rows.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { newTotpSecret, totpEnrolment, totpStep } from '#src/ports/totp.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

const id = 'app'
const ENROLMENT_LIFETIME_MS = 60 * 60_000

/**
 * A secret for the app, as a URI and as a key to type; an enrolment begun within the hour keeps its secret. Throws 400
 * if an app is already enrolled.
 */
export async function beginTotp(account: Account): Promise<{ uri: string; key: string }> {
  if (await findRow(account, 'totp', id)) {
    throw invalidRequest('An authenticator app is already enrolled')
  }
  const pending = await findRow(account, 'new totp', id)
  const isFresh = pending && pending.createdAt > account.clock.now() - ENROLMENT_LIFETIME_MS
  const secret = isFresh ? unseal(account, pending.secret) : newTotpSecret()
  if (!isFresh) {
    const sealed = account.keys.seal(secret, totpContext(account))
    await account.sql.batch([putRow(account, 'new totp', id, { secret: sealed })])
  }
  const { handle } = await account.profile.get()
  const issuer = new URL(account.service.publicUrl).hostname
  return totpEnrolment(secret, { issuer, label: handle ?? account.did })
}

/** Throws 400 InvalidToken, or if no enrolment was begun. */
export async function confirmTotp(
  account: Account,
  { code, client }: { code: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  // No code is right then, so a wrong one is not counted.
  await pendingEnrolment(account)
  return withAttemptLimit(account, client, async () => {
    const { secret } = await pendingEnrolment(account)
    const step = totpStep(unseal(account, secret), digits(code), account.clock.now())
    if (step === undefined) throw invalidRequest('Token is invalid', 'InvalidToken')
    await writeFactors(account, [
      ...addFactor(account, 'totp', id, { secret: bytes(secret), counter: step }),
      removeRows('new totp'),
      clearFailures(),
      ...addSecurityEvent(account, 'factor added', client, 'TOTP'),
      ...account.idempotencyKeys.markUsed(key),
    ])
  })
}

async function pendingEnrolment(account: Account): Promise<FactorRow> {
  const pending = await findRow(account, 'new totp', id)
  if (pending === undefined) throw invalidRequest('No authenticator app is being enrolled')
  return pending
}

export async function removeTotp(account: Account, { client }: { client?: ClientInfo } = {}) {
  if ((await findRow(account, 'totp', id)) === undefined) return
  const event = addSecurityEvent(account, 'factor removed', client, 'TOTP')
  await writeFactors(account, [...removeFactor(account, 'totp'), removeRows('new totp'), ...event])
}

export async function consumeTotp(
  account: Account,
  code: string,
): Promise<Statement[] | undefined> {
  const row = await findRow(account, 'totp', id)
  if (row === undefined) return undefined
  const step = totpStep(unseal(account, row.secret), digits(code), account.clock.now())
  if (step === undefined || step <= row.counter) return undefined
  return [markRowUsed(account, 'totp', id, step)]
}

export function looksLikeTotp(code: string): boolean {
  return /^\d{6}$/.test(digits(code))
}

function digits(code: string): string {
  return code.replaceAll(/\s/g, '')
}

function unseal(account: Account, sealed: Uint8Array | null): Uint8Array {
  return account.keys.open(bytes(sealed), totpContext(account))
}

// Through the engine, blobs arrive as arrays of numbers.
function bytes(sealed: Uint8Array | null): Uint8Array {
  return Uint8Array.from(sealed ?? [])
}

/** In which the secret is sealed. */
export function totpContext({ did }: Pick<Account, 'did'>): string {
  return `${did} totp`
}

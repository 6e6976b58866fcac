/**
 * Passkeys of one account: registration, verification and removal. They require user verification, so one is enough to
 * sign in.
 */
import { createHash } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import { clearFailures } from '#src/account/factors/attempts.ts'
import { addFactor, removeFactor } from '#src/account/factors/changes.ts'
import {
  findRow,
  listRows,
  markRowUsed,
  putRow,
  removeOlderRows,
  writeFactors,
} from '#src/account/factors/rows.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import {
  assertionOptions,
  type CreationOptions,
  type RequestOptions,
  registrationOptions,
  verifyAssertion,
  verifyRegistration,
} from '#src/ports/webauthn.ts'
import {
  CHALLENGE_LIFETIME_MS,
  type ChallengePurpose,
  isChallenge,
  newChallenge,
} from '#src/rules/challenges.ts'

const MAX_PASSKEYS = 20
const MAX_NAME_LENGTH = 50
// WebAuthn's limit for a user handle.
const MAX_USER_ID_BYTES = 64

export async function beginPasskeyRegistration(account: Account): Promise<CreationOptions> {
  const { did, service } = account
  const { handle } = await account.profile.get()
  const known = await listRows(account, 'passkey')
  return registrationOptions({
    publicUrl: service.publicUrl,
    userId: userIdOf(did),
    userName: handle ?? did,
    challenge: newChallenge(registrationPurpose(account), challengeContext(account)),
    known: known.map(({ id }) => id),
  })
}

/** Throws 400 if the browser's response is invalid, or if the account has 20 passkeys already. */
export function finishPasskeyRegistration(
  account: Account,
  { response, name, client }: { response: unknown; name: string; client?: ClientInfo },
): Promise<void> {
  return account.factorMutex.run(async () => {
    const registered = await verifyRegistration(
      response,
      verification(account, registrationPurpose(account)),
    )
    if (registered === undefined)
      throw invalidRequest('The passkey was not accepted', 'InvalidToken')
    const known = await listRows(account, 'passkey')
    // A retry finds its own passkey.
    if (known.some(({ id }) => id === registered.id)) return
    if (known.length >= MAX_PASSKEYS) throw invalidRequest('There are too many passkeys')
    const label = name.trim().slice(0, MAX_NAME_LENGTH) || 'Passkey'
    const row = { secret: registered.publicKey, counter: registered.counter, name: label }
    await writeFactors(account, [
      ...addFactor(account, 'passkey', registered.id, row),
      ...addSecurityEvent(account, 'factor added', client, label),
    ])
  })
}

export async function removePasskey(
  account: Account,
  { id, client }: { id: string; client?: ClientInfo },
): Promise<void> {
  const row = await findRow(account, 'passkey', id)
  if (row === undefined) return
  const event = addSecurityEvent(account, 'factor removed', client, row.name ?? undefined)
  await writeFactors(account, [...removeFactor(account, 'passkey', id), ...event])
}

export async function beginPasskeyAssertion(account: Account): Promise<RequestOptions> {
  const known = await listRows(account, 'passkey')
  return assertionOptions({
    publicUrl: account.service.publicUrl,
    challenge: newChallenge('sign in', challengeContext(account)),
    known: known.map(({ id }) => id),
  })
}

/**
 * Verifies a passkey's response, once; `effect` is part of the same transaction. Throws 400 InvalidToken. Failures are
 * not counted: a signature cannot be guessed, and unauthenticated callers could lock the owner out.
 */
export function verifyPasskey(
  account: Account,
  { response, effect }: { response: unknown; effect: readonly Statement[] },
): Promise<void> {
  return account.factorMutex.run(async () => {
    const id = textOf(response, 'id')
    const row = id === undefined ? undefined : await findRow(account, 'passkey', id)
    if (row?.secret == null) throw notAccepted()
    const passkey = {
      id: row.id,
      publicKey: new Uint8Array(row.secret),
      counter: row.counter,
    }
    let challenge = ''
    const { publicUrl, isChallenge: isOurs } = verification(account, 'sign in')
    const assertion = await verifyAssertion(response, {
      publicUrl,
      passkey,
      isChallenge: (text) => {
        challenge = text
        return isOurs(text)
      },
    })
    if (assertion === undefined) throw notAccepted()
    if ((await findRow(account, 'challenge', challenge)) !== undefined) throw notAccepted()
    await account.sql.batch([
      markRowUsed(account, 'passkey', row.id, assertion.counter),
      putRow(account, 'challenge', challenge),
      removeOlderRows('challenge', account.clock.now() - CHALLENGE_LIFETIME_MS),
      clearFailures(),
      ...effect,
    ])
  })
}

export function userIdOf(did: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(did)
  const id = bytes.length <= MAX_USER_ID_BYTES ? bytes : createHash('sha256').update(bytes).digest()
  return new Uint8Array(id)
}

function registrationPurpose({ did }: Account): ChallengePurpose {
  return `register ${did}`
}

function challengeContext({ service, clock }: Account) {
  return { secret: service.jwtSecret, now: clock.now() }
}

function verification(account: Account, purpose: ChallengePurpose) {
  const { publicUrl } = account.service
  return {
    publicUrl,
    isChallenge: (text: string) => isChallenge(text, purpose, challengeContext(account)),
  }
}

function textOf(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const text: unknown = Reflect.get(value, name)
  return typeof text === 'string' && text.length < 2_000 ? text : undefined
}

function notAccepted() {
  return invalidRequest('The passkey was not accepted', 'InvalidToken')
}

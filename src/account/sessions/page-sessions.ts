/**
 * Sessions on the account pages: signed in with the password and, if the account has factors, one of them; or with a
 * passkey alone. The caller makes the tokens, so that calls may be retried; only their hashes are stored.
 */
import { createHash } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { endPageSessions, keepNewestPageSessions } from '#src/account/factors/changes.ts'
import { createEmailCode, type EmailCode } from '#src/account/factors/codes.ts'
import { verifyPasskey } from '#src/account/factors/passkeys.ts'
import {
  findRow,
  keepNewestRows,
  putRow,
  removeOlderRows,
  removeRows,
} from '#src/account/factors/rows.ts'
import { verifyCode } from '#src/account/factors/second-step.ts'
import { addPrivateEventIfChanged } from '#src/account/private-events.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'
import { mustLogIn } from '#src/rules/states.ts'

const SESSION_LIFETIME_MS = 60 * 60_000
const STEP_LIFETIME_MS = 15 * 60_000
// How long a second step on these pages also counts for an OAuth sign-in.
const SECOND_STEP_LIFETIME_MS = 10 * 60_000

/** Of one account at once; beyond, the oldest end. */
const MAX_SESSIONS = 100
const MAX_STEPS = 50

const SECOND_STEP_PASSED = 1

interface PageSignIn {
  token: string
  client?: ClientInfo
}

/**
 * `kinds` are the factors that the second step accepts; if empty, the session has begun. Throws 401 as createSession.
 */
export async function signIn(
  account: Account,
  { password, token, client }: PageSignIn & { password: string },
): Promise<{ kinds: FactorKind[] }> {
  const row = await account.profile.find()
  const passwordHash = row?.passwordHash ?? null
  if (row === undefined || passwordHash === null) throw wrongCredentials()
  if (!(await verifyPassword(password, passwordHash, client?.network))) throw wrongCredentials()
  mustLogIn(row.status)
  const kinds = await account.factorKinds.list()
  const id = hashOf(token)
  // A repeated call finds its own session.
  if (await findRow(account, 'session', id)) return { kinds: [] }
  const isCurrent: Statement = {
    sql: 'EXISTS (SELECT 1 FROM account WHERE password_hash = ?)',
    params: [passwordHash],
  }
  if (kinds.length > 0) {
    await account.sql.batch([
      putRow(account, 'step', id, {}, isCurrent),
      removeOlderRows('step', account.clock.now() - STEP_LIFETIME_MS),
      keepNewestRows('step', MAX_STEPS),
    ])
  } else await account.sql.batch(beginSession(account, token, client, 0, isCurrent))
  // The password was changed meanwhile.
  if (!(await findRow(account, kinds.length > 0 ? 'step' : 'session', id))) throw wrongCredentials()
  return { kinds: [...kinds] }
}

/** Throws 401 if no sign-in with this token waits for its second step. */
export async function getPendingStep(
  account: Account,
  { token }: { token: string },
): Promise<{ kinds: FactorKind[] }> {
  const row = await findRow(account, 'step', hashOf(token))
  if (row === undefined || row.createdAt <= account.clock.now() - STEP_LIFETIME_MS)
    throw signedOut()
  return { kinds: [...(await account.factorKinds.list())] }
}

export async function requestStepCode(
  account: Account,
  { token }: { token: string },
  key?: IdempotencyKey,
): Promise<EmailCode | undefined> {
  const { kinds } = await getPendingStep(account, { token })
  return kinds.includes('email') ? createEmailCode(account, 'email', key) : undefined
}

/** Throws 401 as `getPendingStep`, 400 InvalidToken, 429. */
export async function finishSecondStep(
  account: Account,
  { token, code, response, client }: PageSignIn & { code?: string; response?: unknown },
): Promise<void> {
  if (await findRow(account, 'session', hashOf(token))) return
  await getPendingStep(account, { token })
  // A new password removes the step.
  const isPending: Statement = {
    sql: `EXISTS (SELECT 1 FROM factor WHERE kind = 'step' AND id = ?)`,
    params: [hashOf(token)],
  }
  const effect = beginSession(account, token, client, SECOND_STEP_PASSED, isPending)
  if (code !== undefined) return verifyCode(account, { code, client, effect })
  await verifyPasskey(account, { response, effect }).catch(async (error) => {
    if (error instanceof XrpcError && error.status < 500) {
      await account.sql.batch(addSecurityEvent(account, 'second factor refused', client))
    }
    throw error
  })
}

/** Throws 401 AccountTakedown, 400 InvalidToken. */
export async function signInWithPasskey(
  account: Account,
  { token, response, client }: PageSignIn & { response: unknown },
): Promise<void> {
  if (await findRow(account, 'session', hashOf(token))) return
  mustLogIn((await account.profile.get()).status)
  const effect = beginSession(account, token, client, SECOND_STEP_PASSED)
  await verifyPasskey(account, { response, effect })
}

/** `secondStep`: whether it began with a second factor, or a passkey. Throws 401 if it does not exist or has expired. */
export async function checkPageSession(
  account: Account,
  { token }: { token: string },
): Promise<{ secondStep: boolean }> {
  const { counter } = await liveSession(account, token, SESSION_LIFETIME_MS)
  mustLogIn((await account.profile.get()).status)
  return { secondStep: counter === SECOND_STEP_PASSED }
}

async function hasRecentSecondStep(account: Account, token: string): Promise<boolean> {
  const row = await findRow(account, 'session', hashOf(token))
  const since = account.clock.now() - SECOND_STEP_LIFETIME_MS
  return row !== undefined && row.counter === SECOND_STEP_PASSED && row.createdAt > since
}

/**
 * The second step of an OAuth sign-in: passed if the account has no factors, if `token` is of a session on these pages
 * with a recent second step, or with a code. Otherwise returns the factors it accepts, and a code to mail if it is
 * needed. Throws 400 InvalidToken, 429.
 */
export async function passSecondStep(
  account: Account,
  { code, token, client }: { code?: string; token?: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<{ passed: boolean; kinds: FactorKind[]; mail?: EmailCode }> {
  const kinds = [...(await account.factorKinds.list())]
  const passed = { passed: true, kinds }
  const effect = [
    ...addSecurityEvent(account, 'sign in', client),
    ...account.idempotencyKeys.markUsed(key, passed),
  ]
  const hasSecondStep = token !== undefined && (await hasRecentSecondStep(account, token))
  if (kinds.length === 0 || hasSecondStep) {
    await account.sql.batch(effect)
    return passed
  }
  if (code) {
    await verifyCode(account, { code, client, effect })
    return passed
  }
  const pending = { passed: false, kinds }
  if (!kinds.includes('email')) return pending
  const mail = await createEmailCode(account, 'email', key, (mail) => ({ ...pending, mail }))
  return { ...pending, mail }
}

export async function endPageSession(
  account: Account,
  { token }: { token: string },
): Promise<void> {
  const id = hashOf(token)
  await account.sql.batch([...endPageSessions(account, 'id = ?', [id]), removeRows('step', id)])
}

function beginSession(
  account: Account,
  token: string,
  client: ClientInfo | undefined,
  counter: number,
  condition?: Statement,
): Statement[] {
  const now = account.clock.now()
  const id = hashOf(token)
  return [
    putRow(account, 'session', id, { counter }, condition),
    addPrivateEventIfChanged(account, '#session', { change: 'created', kind: 'page' }, id),
    removeRows('step', id),
    removeOlderRows('step', now - STEP_LIFETIME_MS),
    removeOlderRows('session', now - SESSION_LIFETIME_MS),
    ...keepNewestPageSessions(account, MAX_SESSIONS),
    ...addSecurityEvent(account, 'sign in', client),
  ]
}

async function liveSession(account: Account, token: string, lifetimeMs: number) {
  const row = await findRow(account, 'session', hashOf(token))
  if (row === undefined || row.createdAt <= account.clock.now() - lifetimeMs) throw signedOut()
  return row
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function signedOut() {
  return authRequired('You are not signed in', 'SignedOut')
}

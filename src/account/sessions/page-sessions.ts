/**
 * The owner at the account's own pages: signed in with the password and, where there are factors, one of them; or with
 * a passkey alone. Tokens come from the caller, so that a call may be repeated; only their hashes are kept.
 */
import { createHash } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { createEmailCode } from '#src/account/factors/codes.ts'
import { verifyPasskey } from '#src/account/factors/passkeys.ts'
import { findRow, putRow, removeOlderRows, removeRows } from '#src/account/factors/rows.ts'
import { verifyCode } from '#src/account/factors/second-step.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { isPassword } from '#src/account/sessions/passwords.ts'
import { authRequired } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'
import { mustLogIn } from '#src/rules/states.ts'

/** How long somebody stays signed in at the pages, in ms. */
const sessionLifetime = 60 * 60_000
/** How long a right password waits for the second step. */
const stepLifetime = 15 * 60_000
/** How long a second step that was shown here counts at an OAuth sign-in. */
const proofLifetime = 10 * 60_000

const proven = 1

interface Visit {
  token: string
  where?: ClientInfo
}

/**
 * Signs in with the account's own password. What `kinds` says is still to be shown; without any the session has begun.
 * Throws 401 as createSession.
 */
export async function signIn(
  account: Account,
  { password, token, where }: Visit & { password: string },
): Promise<{ kinds: FactorKind[] }> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') throw wrongCredentials()
  if (!(await isPassword(account, password))) throw wrongCredentials()
  mustLogIn(row.status)
  const kinds = await account.factorKinds.list()
  const step = putRow(account, 'step', idOf(token))
  await account.sql.batch(kinds.length > 0 ? [step] : begin(account, token, where, 0))
  return { kinds: [...kinds] }
}

/** What a sign-in that lacks its second step may show. Throws 401 where there is no such sign-in. */
export async function getPendingStep(
  account: Account,
  { token }: { token: string },
): Promise<{ kinds: FactorKind[] }> {
  const row = await findRow(account, 'step', idOf(token))
  if (row === undefined || row.createdAt <= account.clock.now() - stepLifetime) throw signedOut()
  return { kinds: [...(await account.factorKinds.list())] }
}

/** A code to mail for the second step, as `mailedCode` says; undefined where the account takes none. */
export async function requestStepCode(
  account: Account,
  { token }: { token: string },
): Promise<{ email: string; token?: string } | undefined> {
  const { kinds } = await getPendingStep(account, { token })
  return kinds.includes('email') ? createEmailCode(account, 'email') : undefined
}

/** The second step: a code, or a passkey's answer. Throws 401 as `pendingStep`, 400 InvalidToken, 429. */
export async function finishSecondStep(
  account: Account,
  { token, code, response, where }: Visit & { code?: string; response?: unknown },
): Promise<void> {
  if (await findRow(account, 'session', idOf(token))) return
  await getPendingStep(account, { token })
  const effect = begin(account, token, where, proven)
  if (code !== undefined) await verifyCode(account, { code, where, effect })
  else {
    await verifyPasskey(account, { response, effect }).catch(async (error) => {
      await account.sql.batch(noteSecurityEvent(account, 'second factor refused', where))
      throw error
    })
  }
}

/** Signs in with a passkey and nothing else. Throws 401 AccountTakedown, 400 InvalidToken. */
export async function signInWithPasskey(
  account: Account,
  { token, response, where }: Visit & { response: unknown },
): Promise<void> {
  if (await findRow(account, 'session', idOf(token))) return
  mustLogIn((await account.profile.get()).status)
  const effect = begin(account, token, where, proven)
  await verifyPasskey(account, { response, effect })
}

/** Throws 401 where the token is of no session, or of one that is over. */
export async function checkPageSession(
  account: Account,
  { token }: { token: string },
): Promise<void> {
  await live(account, token, sessionLifetime)
  mustLogIn((await account.profile.get()).status)
}

/** Whether a second step was shown at the pages lately with this token. */
async function hasProof(account: Account, token: string): Promise<boolean> {
  const row = await findRow(account, 'session', idOf(token))
  const since = account.clock.now() - proofLifetime
  return row !== undefined && row.counter === proven && row.createdAt > since
}

/**
 * The second step of an OAuth sign-in, after the password: passed where the account has no factors, where `token` is
 * of a second step that was shown at our pages lately, or with a code. Else what it may be, and perhaps a code to mail.
 * Throws 400 InvalidToken, 429.
 */
export async function passSecondStep(
  account: Account,
  { code, token, where }: { code?: string; token?: string; where?: ClientInfo },
): Promise<{ passed: boolean; kinds: FactorKind[]; mail?: { email: string; token?: string } }> {
  const kinds = [...(await account.factorKinds.list())]
  const event = noteSecurityEvent(account, 'sign in', where)
  const isProven = token !== undefined && (await hasProof(account, token))
  if (kinds.length === 0 || isProven) {
    await account.sql.batch(event)
    return { passed: true, kinds }
  }
  if (code) {
    await verifyCode(account, { code, where, effect: event })
    return { passed: true, kinds }
  }
  if (!kinds.includes('email')) return { passed: false, kinds }
  return { passed: false, kinds, mail: await createEmailCode(account, 'email') }
}

/** Silent where there is nothing to end. */
export async function endPageSession(
  account: Account,
  { token }: { token: string },
): Promise<void> {
  await account.sql.batch([removeRows('session', idOf(token)), removeRows('step', idOf(token))])
}

function begin(
  account: Account,
  token: string,
  where: ClientInfo | undefined,
  counter: number,
): Statement[] {
  const now = account.clock.now()
  return [
    removeRows('step', idOf(token)),
    removeOlderRows('step', now - stepLifetime),
    removeOlderRows('session', now - sessionLifetime),
    putRow(account, 'session', idOf(token), { counter }),
    ...noteSecurityEvent(account, 'sign in', where),
  ]
}

async function live(account: Account, token: string, lifetime: number) {
  const row = await findRow(account, 'session', idOf(token))
  if (row === undefined || row.createdAt <= account.clock.now() - lifetime) throw signedOut()
  return row
}

function idOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function signedOut() {
  return authRequired('You are not signed in', 'SignedOut')
}

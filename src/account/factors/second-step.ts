/** The second step of a sign-in, after the password: whether it is required, and whether it was passed. */
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import { consumeCode, consumeRecoveryCode, createEmailCode } from '#src/account/factors/codes.ts'
import { writeFactors } from '#src/account/factors/rows.ts'
import { consumeTotp, looksLikeTotp } from '#src/account/factors/totp.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

export async function requiredFactors(account: Account): Promise<{ kinds: FactorKind[] }> {
  return { kinds: [...(await account.factorKinds.list())] }
}

/**
 * Verifies a code, once: from the authenticator app, by mail, from an account page, or a recovery code. `effect` is
 * part of the same transaction. Throws 400 InvalidToken, or 429 as `withAttemptLimit`.
 */
export function verifyCode(
  account: Account,
  input: { code: string; where?: ClientInfo | undefined; effect?: readonly Statement[] },
): Promise<void> {
  const { code, where, effect = [] } = input
  return withAttemptLimit(account, where, async () => {
    const used = await consumeAnyCode(account, code)
    if (used === undefined) throw invalidRequest('Token is invalid', 'InvalidToken')
    await account.sql.batch([...used, clearFailures(), ...effect])
  })
}

/**
 * The second step of com.atproto.server.createSession; does nothing if the account has no factors. Throws 401
 * AuthFactorTokenRequired without a code, else as `verifyCode`.
 */
export async function mustVerifyFactor(
  account: Account,
  { code, where }: { code: string | undefined; where?: ClientInfo | undefined },
): Promise<void> {
  const kinds = await account.factorKinds.list()
  if (kinds.length === 0) return
  if (!code) {
    throw authRequired(
      kinds.includes('email')
        ? 'A sign in code has been sent to your email address'
        : 'A sign in code is required: from your authenticator app, a recovery code, or one from the account page of this server',
      'AuthFactorTokenRequired',
    )
  }
  await verifyCode(account, { code, where })
}

/** Removes every factor and recovery code, for an owner who has lost them all and has identified to the operator. */
export async function removeFactors(account: Account): Promise<{ removed: FactorKind[] }> {
  const kinds = await account.factorKinds.list()
  const event = noteSecurityEvent(account, 'factor removed', {}, 'by the operator of the server')
  await writeFactors(account, [{ sql: 'DELETE FROM factor' }, ...event])
  return { removed: [...kinds] }
}

export async function requestEmailCode(
  account: Account,
): Promise<{ email: string; token?: string } | undefined> {
  const kinds = await account.factorKinds.list()
  return kinds.includes('email') ? createEmailCode(account, 'email') : undefined
}

async function consumeAnyCode(account: Account, code: string): Promise<Statement[] | undefined> {
  if (looksLikeTotp(code)) return consumeTotp(account, code)
  return (await consumeCode(account, ['email', 'page'], code)) ?? consumeRecoveryCode(account, code)
}

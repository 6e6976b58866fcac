/** The second step of a sign-in, after the password: whether there is one, and whether what was shown is enough. */
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import { consumeCode, consumeRecoveryCode, createEmailCode } from '#src/account/factors/codes.ts'
import { writeFactors } from '#src/account/factors/rows.ts'
import { consumeTotp, looksLikeTotp } from '#src/account/factors/totp.ts'
import { type ClientInfo, noteSecurityEvent } from '#src/account/security-events.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** The kinds of factors of which the account must show one; none where the password is enough. */
export async function requiredFactors(account: Account): Promise<{ kinds: FactorKind[] }> {
  return { kinds: [...(await account.factorKinds.list())] }
}

/**
 * Believes a code, once: of the authenticator app, by mail, shown by a page of ours, or a recovery code. `effect` is
 * written with it. Throws 400 InvalidToken for any other, 429 as `bounded`.
 */
export function verifyCode(
  account: Account,
  input: { code: string; where?: ClientInfo | undefined; effect?: readonly Statement[] },
): Promise<void> {
  const { code, where, effect = [] } = input
  return withAttemptLimit(account, where, async () => {
    const used = await useAnyCode(account, code)
    if (used === undefined) throw invalidRequest('Token is invalid', 'InvalidToken')
    await account.sql.batch([...used, clearFailures(), ...effect])
  })
}

/**
 * The second step of com.atproto.server.createSession: nothing where the account has no factors. Throws 401
 * AuthFactorTokenRequired without a code, and as `showCode`.
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

/** Removes every factor and recovery code: for an owner who has lost them all, once the operator is sure who asks. */
export async function removeFactors(account: Account): Promise<{ removed: FactorKind[] }> {
  const kinds = await account.factorKinds.list()
  const event = noteSecurityEvent(account, 'factor removed', {}, 'by the operator of the server')
  await writeFactors(account, [{ sql: 'DELETE FROM factor' }, ...event])
  return { removed: [...kinds] }
}

/** A code to send by mail to whoever showed the password; undefined where the account does not take such codes. */
export async function requestEmailCode(
  account: Account,
): Promise<{ email: string; token?: string } | undefined> {
  const kinds = await account.factorKinds.list()
  return kinds.includes('email') ? createEmailCode(account, 'email') : undefined
}

async function useAnyCode(account: Account, code: string): Promise<Statement[] | undefined> {
  if (looksLikeTotp(code)) return consumeTotp(account, code)
  return (await consumeCode(account, ['email', 'page'], code)) ?? consumeRecoveryCode(account, code)
}

/** The second step of a sign-in, after the password: whether it is required, and whether it was passed. */
import type { Account } from '#src/account/account.ts'
import type { FactorKind } from '#src/account/factor-kinds.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import { removeAllRows } from '#src/account/factors/changes.ts'
import { consumeCode, consumeRecoveryCode, createEmailCode } from '#src/account/factors/codes.ts'
import { writeFactors } from '#src/account/factors/rows.ts'
import { consumeTotp, looksLikeTotp } from '#src/account/factors/totp.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

export async function requiredFactors(account: Account): Promise<{ kinds: FactorKind[] }> {
  return { kinds: [...(await account.factorKinds.list())] }
}

/**
 * Verifies a code, once: from the authenticator app, by mail, from an account page, or a recovery code. `effect` is
 * part of the same transaction. Throws 400 InvalidToken, or 429 as `withAttemptLimit`.
 */
export function verifyCode(
  account: Account,
  input: { code: string; client?: ClientInfo | undefined; effect?: readonly Statement[] },
): Promise<void> {
  const { code, client, effect = [] } = input
  return withAttemptLimit(account, client, async () => {
    const used = await consumeAnyCode(account, code)
    if (used === undefined) throw invalidRequest('Token is invalid', 'InvalidToken')
    await account.sql.batch([...used, clearFailures(), ...effect])
  })
}

/**
 * The second step of com.atproto.server.createSession, and `effect` in one transaction with the use of the code. An
 * account without factors needs no code. Throws 401 AuthFactorTokenRequired without a code, else as `verifyCode`.
 */
export async function verifyFactor(
  account: Account,
  input: {
    code: string | undefined
    client?: ClientInfo | undefined
    effect: readonly Statement[]
  },
): Promise<void> {
  const { code, client, effect } = input
  const kinds = await account.factorKinds.list()
  if (kinds.length === 0) {
    if (effect.length > 0) await account.sql.batch(effect)
    return
  }
  if (!code) {
    throw authRequired(
      kinds.includes('email')
        ? 'A sign in code has been sent to your email address'
        : 'A sign in code is required: from your authenticator app, a recovery code, or one from the account page of this server',
      'AuthFactorTokenRequired',
    )
  }
  await verifyCode(account, { code, client, effect })
}

/** Removes every factor and recovery code, for an owner who has lost them all and has identified to the operator. */
export async function removeFactors(
  account: Account,
  _: object,
  key?: IdempotencyKey,
): Promise<{ removed: FactorKind[] }> {
  const removed = [...(await account.factorKinds.list())]
  const event = addSecurityEvent(account, 'factor removed', {}, 'by the operator of the server')
  await writeFactors(account, [
    ...removeAllRows(account),
    ...event,
    ...account.idempotencyKeys.markUsed(key, { removed }),
  ])
  return { removed }
}

export async function requestEmailCode(
  account: Account,
  _: object,
  key?: IdempotencyKey,
): Promise<{ email: string; token?: string } | undefined> {
  const kinds = await account.factorKinds.list()
  return kinds.includes('email') ? createEmailCode(account, 'email', key) : undefined
}

async function consumeAnyCode(account: Account, code: string): Promise<Statement[] | undefined> {
  if (looksLikeTotp(code)) return consumeTotp(account, code)
  return (await consumeCode(account, ['email', 'page'], code)) ?? consumeRecoveryCode(account, code)
}

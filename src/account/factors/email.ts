/** Codes by mail as a second factor: turned on with a first code, which also confirms the address. */
import type { Account } from '#src/account/account.ts'
import { clearFailures, withAttemptLimit } from '#src/account/factors/attempts.ts'
import { addFactor, removeFactor } from '#src/account/factors/changes.ts'
import {
  consumeCode,
  createEmailCode,
  type EmailCode,
  isCodePending,
} from '#src/account/factors/codes.ts'
import { findRow, writeFactors } from '#src/account/factors/rows.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import { updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

const id = 'email'

export function beginEmailFactor(
  account: Account,
  _: object,
  key?: IdempotencyKey,
): Promise<EmailCode> {
  return createEmailCode(account, 'confirm email', key)
}

/** Throws 400 InvalidToken, or 429 as `withAttemptLimit`. */
export async function confirmEmailFactor(
  account: Account,
  { code, client }: { code: string; client?: ClientInfo },
  key?: IdempotencyKey,
): Promise<void> {
  // No code is right then, so a wrong one is not counted.
  if (!(await isCodePending(account, 'confirm email'))) throw wrongCode()
  return withAttemptLimit(account, client, async () => {
    const used = await consumeCode(account, ['confirm email'], code)
    if (used === undefined) throw wrongCode()
    const row = await account.profile.get()
    const emailConfirmedAt = row.emailConfirmedAt ?? new Date(account.clock.now()).toISOString()
    try {
      await writeFactors(account, [
        ...used,
        ...addFactor(account, 'email', id),
        updateProfile({ emailConfirmedAt }),
        ...(row.emailConfirmedAt === null
          ? [addPrivateEvent(account, '#email', { change: 'confirmed' })]
          : []),
        clearFailures(),
        ...addSecurityEvent(account, 'factor added', client, 'email'),
        ...account.idempotencyKeys.markUsed(key),
      ])
    } finally {
      account.profile.forget()
    }
  })
}

function wrongCode() {
  return invalidRequest('Token is invalid', 'InvalidToken')
}

/** The address must be confirmed already. Idempotent. */
export async function addEmailFactor(
  account: Account,
  { client }: { client?: ClientInfo } = {},
): Promise<void> {
  if ((await findRow(account, 'email', id)) !== undefined) return
  const event = addSecurityEvent(account, 'factor added', client, 'email')
  await writeFactors(account, [...addFactor(account, 'email', id), ...event])
}

export async function removeEmailFactor(
  account: Account,
  { client, effect = [] }: { client?: ClientInfo; effect?: readonly Statement[] } = {},
): Promise<void> {
  const isOn = (await findRow(account, 'email', id)) !== undefined
  const event = isOn ? addSecurityEvent(account, 'factor removed', client, 'email') : []
  const statements = [...(isOn ? [...removeFactor(account, 'email'), ...event] : []), ...effect]
  if (statements.length > 0) await writeFactors(account, statements)
}

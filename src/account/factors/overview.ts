/** The factors that the account's security page lists. */
import type { Account } from '#src/account/account.ts'
import { countRecoveryCodes } from '#src/account/factors/codes.ts'
import { listRows } from '#src/account/factors/rows.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface FactorOverview {
  handle: string | null
  email: string | null
  passkeys: { id: string; name: string; createdAt: string; lastUsedAt: string | null }[]
  totp: { createdAt: string } | null
  emailCodes: { createdAt: string } | null
  recoveryCodesLeft: number
}

export async function getFactorOverview(account: Account): Promise<FactorOverview> {
  const { handle, email } = await account.profile.get()
  const [passkeys, [totp], [mail], left] = await Promise.all([
    listRows(account, 'passkey'),
    listRows(account, 'totp'),
    listRows(account, 'email'),
    countRecoveryCodes(account),
  ])
  return {
    handle,
    email,
    passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt }) => ({
      id,
      name: name ?? 'Passkey',
      createdAt: isoTime(createdAt),
      lastUsedAt: lastUsedAt === null ? null : isoTime(lastUsedAt),
    })),
    totp: totp ? { createdAt: isoTime(totp.createdAt) } : null,
    emailCodes: mail ? { createdAt: isoTime(mail.createdAt) } : null,
    recoveryCodesLeft: left,
  }
}

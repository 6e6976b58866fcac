/** The state of an account as the admin and moderators see it. */
import type { Account } from '#src/account/account.ts'
import type { ProfileRow } from '#src/account/profile.ts'

export type AdminState = Pick<
  ProfileRow,
  'status' | 'takedownRef' | 'deactivatedAt' | 'suspendedAt' | 'emailConfirmedAt'
>

export async function getAdminState({ profile }: Account): Promise<AdminState> {
  const { status, takedownRef, deactivatedAt, suspendedAt, emailConfirmedAt } = await profile.get()
  return { status, takedownRef, deactivatedAt, suspendedAt, emailConfirmedAt }
}

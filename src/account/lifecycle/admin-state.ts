/** What the admin and the moderators are told of an account beyond what everybody sees. */
import type { Account } from '#src/account/account.ts'
import type { ProfileRow } from '#src/account/profile.ts'

export type AdminState = Pick<
  ProfileRow,
  'status' | 'takedownRef' | 'deactivatedAt' | 'emailConfirmedAt'
>

/** In any state; throws 400 RepoNotFound where there is no account. */
export async function getAdminState({ profile }: Account): Promise<AdminState> {
  const { status, takedownRef, deactivatedAt, emailConfirmedAt } = await profile.get()
  return { status, takedownRef, deactivatedAt, emailConfirmedAt }
}

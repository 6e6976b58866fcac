/** Builds com.atproto.admin.defs#accountView from the directory and the accounts. */
import type { InviteCode } from '#src/directory/admin-invite-codes.ts'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { inParallel } from '#src/ports/in-parallel.ts'

export interface AccountView {
  did: string
  handle: string
  email?: string
  indexedAt: string
  invitedBy?: InviteCode
  invites: InviteCode[]
  invitesDisabled: boolean
  emailConfirmedAt?: string
  deactivatedAt?: string
}

/** Accounts queried at once: each may have to be woken. */
const MAX_CONCURRENT = 8

/**
 * Only the account itself stores `emailConfirmedAt` and `deactivatedAt`. With `withDates` every account is queried for
 * them, otherwise only deactivated ones. Stops when the client has disconnected.
 */
export async function accountViews(
  dispatch: Dispatch,
  accounts: readonly AccountInfo[],
  { withDates, signal }: { withDates: boolean; signal: AbortSignal },
): Promise<AccountView[]> {
  const invites = await dispatch.directory.invites.byAccount({
    dids: accounts.map(({ did }) => did),
  })
  const views: AccountView[] = []
  await inParallel(accounts.entries(), MAX_CONCURRENT, async ([i, account]) => {
    signal.throwIfAborted()
    const { did, handle, email, createdAt, status } = account
    const needsDates = withDates || status === 'deactivated'
    const dates = needsDates ? await datesOf(dispatch, did) : {}
    const { invites: ownInvites = [], invitesDisabled = false, invitedBy } = invites[did] ?? {}
    views[i] = {
      did,
      handle,
      ...(email !== null && { email }),
      indexedAt: createdAt,
      ...(invitedBy && { invitedBy }),
      invites: ownInvites,
      invitesDisabled,
      ...dates,
    }
  })
  return views
}

async function datesOf(
  dispatch: Dispatch,
  did: string,
): Promise<Pick<AccountView, 'emailConfirmedAt' | 'deactivatedAt'>> {
  const { emailConfirmedAt, deactivatedAt } = await dispatch.account(did).moderation.getState()
  return {
    ...(emailConfirmedAt !== null && { emailConfirmedAt }),
    ...(deactivatedAt !== null && { deactivatedAt }),
  }
}

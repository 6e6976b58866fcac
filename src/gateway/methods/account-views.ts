/** Accounts as the admin sees them (com.atproto.admin.defs#accountView): put together from the directory and the accounts. */
import type { InviteCode } from '#src/directory/admin-invite-codes.ts'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'

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

/** Accounts that are asked at the same time: each may have to be woken. */
const MAX_CONCURRENT = 8

/**
 * The views of these accounts. When an email was confirmed and an account deactivated, only the account itself knows:
 * it is asked where `whole`; otherwise only those that are deactivated are.
 */
export async function accountViews(
  dispatch: Dispatch,
  accounts: readonly AccountInfo[],
  { whole }: { whole: boolean },
): Promise<AccountView[]> {
  const invites = await dispatch.directory.invites.byAccount({
    dids: accounts.map(({ did }) => did),
  })
  const views: AccountView[] = []
  const waiting = [...accounts.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, { did, handle, email, createdAt, status }] = next
      const isAsked = whole || status === 'deactivated'
      const dates = isAsked ? await datesOf(dispatch, did) : {}
      const { invites: own = [], invitesDisabled = false, invitedBy } = invites[did] ?? {}
      views[i] = {
        did,
        handle,
        ...(email !== null && { email }),
        indexedAt: createdAt,
        ...(invitedBy && { invitedBy }),
        invites: own,
        invitesDisabled,
        ...dates,
      }
    }
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, work))
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

/** Who may read a repo through the sync methods, by its state. */
import type { Account } from '#src/account/account.ts'
import { mustServe, mustShow } from '#src/rules/states.ts'

/** Strangers see active repos; the account itself and the admin see it in any state. */
export type Reader = 'anyone' | 'self' | 'admin'

/** Throws RepoNotFound, RepoTakendown, RepoSuspended or RepoDeactivated where `reader` may not see the repo. */
export async function mustBeReadable(account: Account, reader: Reader): Promise<void> {
  const { status } = await account.profile.get()
  if (reader === 'anyone') mustServe(status, account.did)
  else mustShow(status, account.did)
}

/** Who may read a repo and its blobs through com.atproto.sync, depending on the state of the account. */
import type { Account } from '#src/account/account.ts'
import { mustServe, mustShow } from '#src/rules/states.ts'

export type Reader = 'anyone' | 'self' | 'admin'

/** Throws 400 RepoNotFound, RepoTakendown, RepoSuspended or RepoDeactivated. */
export async function mustBeReadable(account: Account, reader: Reader): Promise<void> {
  const { status } = await account.profile.get()
  if (reader === 'anyone') mustServe(status, account.did)
  else mustShow(status, account.did)
}

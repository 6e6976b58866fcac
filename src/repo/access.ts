/** Who may read a repo through the sync methods, by its state. */
import type { Account } from '#src/account/account.ts'
import { invalidRequest } from '#src/errors.ts'

/** Strangers see active repos; the account itself and the admin see it in any state. */
export type Reader = 'anyone' | 'self' | 'admin'

/** Throws RepoNotFound, RepoTakendown or RepoDeactivated where `reader` may not see the repo. */
export async function mayRead(account: Account, reader: Reader): Promise<void> {
  const { status } = await account.profile.get()
  if (status === 'active') return
  if (status === 'deleted') {
    throw invalidRequest(`Could not find repo for DID: ${account.did}`, 'RepoNotFound')
  }
  if (reader !== 'anyone') return
  if (status === 'deactivated') {
    throw invalidRequest(`Repo has been deactivated: ${account.did}`, 'RepoDeactivated')
  }
  throw invalidRequest(`Repo has been taken down: ${account.did}`, 'RepoTakendown')
}

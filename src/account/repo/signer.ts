/** Who signs a repo: the account's key, except while it is being replaced. */
import type { Account } from '#src/account/account.ts'
import { unavailable } from '#src/errors.ts'
import type { Signer } from '#src/protocol/commit.ts'

/**
 * The key that commits are signed with. Throws 503 KeyRotation from the moment on at which the DID document may name
 * another key, until the repo is signed with that one: between the two no commit would be believed.
 */
export async function repoSigner(account: Account): Promise<Signer> {
  const { pendingKeyDid } = await account.profile.get()
  if (pendingKeyDid) {
    throw unavailable(
      'The signing key of this repo is being replaced, please try again',
      'KeyRotation',
    )
  }
  return account.signer()
}

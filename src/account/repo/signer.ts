/** The signer of a repo: the account's key, except during a key rotation. */
import type { Account } from '#src/account/account.ts'
import { unavailable } from '#src/errors.ts'
import type { Signer } from '#src/protocol/commit.ts'

/**
 * The key that commits are signed with. Throws 503 KeyRotation from the moment that the DID document may name the new
 * key until the repo is signed with it: relays would reject any commit in between.
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

/** Checks the commit of an imported repo: of this account, signed by one of its keys, and not in the future. */
import type { Account } from '#src/account/account.ts'
import { badRepo, type StoredCommit } from '#src/protocol/repo-blocks.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import { isScratchAccount } from '#src/rules/scratch-accounts.ts'

// Allowed clock skew of the server that made the last commit.
const SKEW_MS = 5 * 60_000

/** `keys` are the DID's current and former did:keys. Throws 400 if the commit is not the account's. */
export async function checkCommit(
  { did, clock, profile }: Account,
  commit: StoredCommit,
  keys: readonly string[],
): Promise<void> {
  if (commit.did !== did && !isScratchAccount(did)) throw badRepo(`it belongs to ${commit.did}`)
  if (tidMicros(commit.rev) / 1000 > clock.now() + SKEW_MS) {
    throw badRepo('the rev of its commit is in the future')
  }
  // Our own key: a repo exported here may be imported again.
  const { signingKeyDid } = await profile.get()
  for (const key of new Set([...keys, signingKeyDid])) if (await commit.isSignedBy(key)) return
  throw badRepo('its commit is not signed by a key of the DID')
}

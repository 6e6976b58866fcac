/** Creates an account that is gone from this server, with its former key, as one that migrates in: deactivated and empty. */
import type { PrivateState } from '#src/account/archive/private-state.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import type { ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import { confirmReserved } from '#src/gateway/workflows/migrate-in.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { newTokenId } from '#src/rules/session-tokens.ts'

/** Throws 400 if the handle or the email address is taken, and `ArchiveProblem` if the account has no handle. */
export async function recreateAccount(
  { dispatch, keys, clock }: ArchivePorts,
  { manifest, state, handle: given }: RecreateInput,
): Promise<void> {
  const { did } = manifest
  const handle = given ?? manifest.handle
  if (handle === null) throw new ArchiveProblem('the account has no handle: name one')
  const { email } = state.profile
  const signingKey = keys.seal(new Uint8Array(Buffer.from(state.signingKey, 'hex')), did)
  const names = { did, handle: handle.toLowerCase(), email }
  const key = { signingKey, signingKeyDid: state.signingKeyDid }
  await dispatch.directory.accounts.reserve({ ...names, ...key, isMigratingIn: true })
  // Nobody can sign in before the rest is there, which may be a takedown. Nobody has the token.
  const first = { passwordHash: null, tokenId: newTokenId() }
  await confirmReserved({ dispatch }, { did, ...first, createdAt: isoTime(clock.now()) })
  await dispatch.account(did).lifecycle.ensureProvisioned()
}

interface RecreateInput {
  manifest: Manifest
  state: PrivateState
  handle: string | undefined
}

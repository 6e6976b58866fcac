/** The last step of a restore: an account that was created is activated if its DID document points here. */
import type { PrivateState } from '#src/account/archive/private-state.ts'
import { XrpcError } from '#src/errors.ts'
import type { RestorePorts } from '#src/gateway/archives/restore-archive.ts'
import { didStatus } from '#src/gateway/identity/did-check.ts'
import { updateOperation } from '#src/protocol/plc-operation.ts'

export interface Activation {
  /** Of the account. */
  status: string
  /** What is left to do. */
  next?: string
}

interface RestoredAccount {
  did: string
  /** Whether this restore has created it. */
  isNew: boolean
  publish?: boolean | undefined
  state: PrivateState | undefined
}

export async function activateRestored(
  ports: RestorePorts,
  { did, isNew, publish = false, state }: RestoredAccount,
): Promise<Activation> {
  const account = ports.dispatch.account(did)
  const { status, signingKeyDid } = await account.identity.getIdentity()
  if (!isNew || state === undefined) return { status }
  const { takedownRef, suspendedAt, deactivatedAt } = state.profile
  if (takedownRef !== null || suspendedAt !== null) {
    const change = { takedownRef, suspended: suspendedAt !== null }
    return account.lifecycle.changeState(change)
  }
  if (deactivatedAt !== null) return { status, next: 'it was deactivated: its owner activates it' }
  if (publish) await pointHere(ports, did, signingKeyDid)
  try {
    await ports.activateAccount(did)
    return { status: 'active' }
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status !== 400) throw error
    const { credentials } = ports.identity
    const hint = publish
      ? '--publish could not do it: this server has no rotation key of the DID'
      : '--publish does both if this server has a rotation key'
    const next = `${error.message}: its DID document has to name ${credentials.publicUrl} and the key ${signingKeyDid}; then activate the account (${hint})`
    return { status, next }
  }
}

/** Does nothing if the DID points here already, or this server has no rotation key of it. */
async function pointHere(
  { identity, signer }: RestorePorts,
  did: string,
  signingKey: string,
): Promise<void> {
  const { plc, resolver, credentials } = identity
  const { validDid, serverCanUpdateDid } = await didStatus(identity, { did, signingKey })
  if (validDid || !serverCanUpdateDid) return
  const last = await plc.getLastOp(did)
  if (last === undefined || last.type === 'plc_tombstone') return
  const service = { type: 'AtprotoPersonalDataServer', endpoint: credentials.publicUrl }
  const changes = {
    verificationMethods: { ...last.verificationMethods, atproto: signingKey },
    services: { ...last.services, atproto_pds: service },
  }
  // `signer` is the rotation key.
  await plc.sendOperation(did, await updateOperation(last, changes, signer))
  await resolver.refresh(did).catch(() => {})
}

/** PLC operations that an account requests: recommended credentials, signing and submitting (com.atproto.identity). */

import type { OwnIdentity } from '#src/account/identity/own-identity.ts'
import { invalidRequest } from '#src/errors.ts'
import {
  type IdentityPorts,
  isRefusal,
  mustBeSignable,
} from '#src/gateway/identity/update-handle.ts'
import {
  type PlcOperation,
  parseChanges,
  parseOperation,
  updateOperation,
} from '#src/protocol/plc-operation.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

export interface DidCredentials {
  alsoKnownAs?: string[]
  verificationMethods: { atproto: string }
  /** did:keys, highest precedence first. */
  rotationKeys: string[]
  services: { atproto_pds: { type: string; endpoint: string } }
}

/** What the DID of an account here must contain. */
export interface ServerCredentials {
  publicUrl: string
  rotationKeyDid: string
  recoveryKeyDid: string | undefined
}

const serviceType = 'AtprotoPersonalDataServer'

export function recommendedCredentials(
  { handle, signingKeyDid }: OwnIdentity,
  { publicUrl, rotationKeyDid, recoveryKeyDid }: ServerCredentials,
): DidCredentials {
  return {
    ...(handle !== null && { alsoKnownAs: [`at://${handle}`] }),
    verificationMethods: { atproto: signingKeyDid },
    rotationKeys: [...(recoveryKeyDid === undefined ? [] : [recoveryKeyDid]), rotationKeyDid],
    services: { atproto_pds: { type: serviceType, endpoint: publicUrl } },
  }
}

/**
 * Signs the next PLC operation with the requested changes, which may point to another server. Throws 400 InvalidRequest
 * for a DID that is not a did:plc, has a tombstone, or is signed for by its owner only, and for invalid changes;
 * `consumeToken` is called only after these checks.
 */
export async function signPlcOperation(
  { plc, rotationKey }: Pick<IdentityPorts, 'plc' | 'rotationKey'>,
  did: string,
  input: object,
  consumeToken: () => Promise<void>,
): Promise<PlcOperation> {
  mustHaveOperations(did)
  const changes = parseChanges(input)
  if (changes === undefined) throw invalidRequest('Invalid operation')
  const last = await plc.getLastOp(did)
  if (last === undefined) throw invalidRequest(`Could not resolve DID: ${did}`)
  if (last.type === 'plc_tombstone') throw invalidRequest('Did is tombstoned')
  mustBeSignable(last, rotationKey)
  await consumeToken()
  return updateOperation(last, changes, rotationKey)
}

/** Throws 400 if this server, as far as is known now, can sign no operations of the DID: then no token would help. */
export async function mustBeSigner(
  { plc, rotationKey }: Pick<IdentityPorts, 'plc' | 'rotationKey'>,
  did: string,
): Promise<void> {
  mustHaveOperations(did)
  const last = await plc.getLastOp(did).catch(() => undefined)
  if (last !== undefined && last.type !== 'plc_tombstone') mustBeSignable(last, rotationKey)
}

/** Throws 400 unless it is a did:plc. */
function mustHaveOperations(did: string): void {
  if (!did.startsWith('did:plc:')) throw invalidRequest('Only a did:plc has operations')
}

export interface SubmitPorts extends Pick<IdentityPorts, 'dispatch' | 'plc' | 'resolver'> {
  credentials: ServerCredentials
}

/**
 * Sends an operation to the PLC directory and emits #identity. Throws 400 InvalidRequest if the operation's server,
 * handle, signing key or rotation keys are not those of the account here, and as the PLC directory. `by` is the member of
 * a group that sends it.
 */
export async function submitPlcOperation(
  { dispatch, plc, resolver, credentials }: SubmitPorts,
  did: string,
  input: unknown,
  by?: ActingMember,
): Promise<void> {
  const operation = parseOperation(input)
  if (operation === undefined) throw invalidRequest('Invalid operation')
  const { identity } = dispatch.account(did)
  checkOperation(operation, await identity.getIdentity(), credentials)
  const { identityChanges } = dispatch.directory
  await identityChanges.begin({ did, handle: null, by })
  try {
    await plc.sendOperation(did, operation)
  } catch (error) {
    if (isRefusal(error)) await identityChanges.end({ did, handle: null }).catch(() => {})
    throw error
  }
  await identity.announceIdentity({ by })
  await identityChanges.end({ did, handle: null })
  await resolver.refresh(did).catch(() => {})
}

function checkOperation(
  { rotationKeys, services, verificationMethods, alsoKnownAs }: PlcOperation,
  { handle, signingKeyDid }: OwnIdentity,
  { publicUrl, rotationKeyDid }: ServerCredentials,
): void {
  if (!rotationKeys.includes(rotationKeyDid)) {
    throw invalidRequest("Rotation keys do not include server's rotation key")
  }
  if (services['atproto_pds']?.type !== serviceType) {
    throw invalidRequest('Incorrect type on atproto_pds service')
  }
  if (services['atproto_pds'].endpoint !== publicUrl) {
    throw invalidRequest('Incorrect endpoint on atproto_pds service')
  }
  if (verificationMethods['atproto'] !== signingKeyDid)
    throw invalidRequest('Incorrect signing key')
  if (handle !== null && alsoKnownAs[0] !== `at://${handle}`) {
    throw invalidRequest('Incorrect handle in alsoKnownAs')
  }
}

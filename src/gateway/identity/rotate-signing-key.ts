/**
 * Changes an account's signing key (com.atproto.admin.updateAccountSigningKey). The key is one that
 * com.atproto.server.reserveSigningKey returned, or the current one, which is then published and signed with again.
 *
 * 1. The directory records the rotation.
 * 2. The account stores the new key as pending and stops signing.
 * 3. The new key is published by a PLC operation; the owner of a did:web must have changed the document before.
 * 4. The account signs its head with the new key and accepts writes again.
 * 5. The directory removes the record.
 *
 * Every step may be repeated, by any process that finds the record. Only a refusal by the PLC directory undoes 2.
 */

import type { SigningKeyDids } from '#src/account/identity/key-rotation.ts'
import type { PendingKeyRotation } from '#src/directory/key-rotations.ts'
import type { ReservedKey } from '#src/directory/reserved-keys.ts'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import { signingKeyOperation } from '#src/protocol/plc-operation.ts'

export interface RotationDispatch {
  directory: {
    keys: { find(input: { names: readonly string[] }): Promise<ReservedKey | null> }
    keyRotations: {
      record(input: { did: string }): Promise<{ recordedAt: number }>
      list(input: { age: number; limit: number }): Promise<PendingKeyRotation[]>
      end(input: PendingKeyRotation & { signingKeyDid?: string }): Promise<void>
    }
  }
  account(did: string): {
    keys: {
      getSigningKeyDids(): Promise<SigningKeyDids>
      begin(input: { signingKeyDid: string; signingKey?: Uint8Array }): Promise<void>
      finish(input: { signingKeyDid: string }): Promise<void>
      abandon(input: { signingKeyDid: string }): Promise<void>
    }
  }
}

export interface RotationPorts {
  dispatch: RotationDispatch
  plc: PlcDirectory
  rotationKey: SigningKey
  keys: Keychain
  resolver: DidResolver
  log: Pick<Log, 'info' | 'warn'>
}

/**
 * Changes the account's signing key to `signingKey`, a did:key. Throws 400 if this server does not hold the key or
 * cannot publish it; 502 or 503 if the outcome is not known yet, and then the rotation is resumed later.
 */
export async function rotateSigningKey(
  ports: RotationPorts,
  { did, signingKey }: { did: string; signingKey: string },
): Promise<void> {
  const account = ports.dispatch.account(did)
  const { current, pending } = await account.keys.getSigningKeyDids()
  const { keyRotations } = ports.dispatch.directory
  if (pending !== null && pending !== signingKey) {
    await complete(ports, { did, ...(await keyRotations.record({ did })) }, pending)
  }
  const isKnown = signingKey === current || signingKey === pending
  const sealed = isKnown ? undefined : await reservedKey(ports, did, signingKey)
  await mustBePublishable(ports, did, signingKey)
  const rotation = { did, ...(await keyRotations.record({ did })) }
  const key = sealed === undefined ? {} : { signingKey: sealed }
  await account.keys.begin({ signingKeyDid: signingKey, ...key })
  await complete(ports, rotation, signingKey)
}

/** Removes the record if no key is pending. Returns how many rotations could not be finished. */
export async function resumeRotations(
  ports: RotationPorts,
  { age, limit = 50 }: { age: number; limit?: number },
): Promise<number> {
  const { directory, account } = ports.dispatch
  let unfinished = 0
  for (const rotation of await directory.keyRotations.list({ age, limit })) {
    const { did } = rotation
    try {
      const { pending } = await account(did).keys.getSigningKeyDids()
      if (pending === null) await directory.keyRotations.end(rotation)
      else await complete(ports, rotation, pending)
    } catch (error) {
      unfinished++
      ports.log.warn({ did, err: error }, 'key rotation unfinished, will be retried')
    }
  }
  return unfinished
}

/** Steps 3 to 5. */
async function complete(
  ports: RotationPorts,
  rotation: PendingKeyRotation,
  signingKey: string,
): Promise<void> {
  const { did } = rotation
  const account = ports.dispatch.account(did)
  try {
    await publish(ports, did, signingKey)
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status !== 400) throw error
    // If another process has published the key meanwhile, the directory refuses this repetition.
    if (!(await isPublished(ports, did, signingKey))) {
      await account.keys.abandon({ signingKeyDid: signingKey })
      await ports.dispatch.directory.keyRotations.end(rotation)
      throw error
    }
  }
  // As the network resolves it: nothing may be signed with a key that the document does not contain.
  const document = await ports.resolver.refresh(did)
  if (document === undefined || verificationKey(document, 'atproto') !== signingKey) {
    throw unavailable('The DID document does not name the new key yet', 'KeyRotation')
  }
  await account.keys.finish({ signingKeyDid: signingKey })
  await ports.dispatch.directory.keyRotations.end({ ...rotation, signingKeyDid: signingKey })
  ports.log.info({ did, signingKey }, 'signing key rotated')
}

/** Step 3. Throws 400 if the PLC directory refuses, 502 if it cannot be reached. */
async function publish({ plc, rotationKey }: RotationPorts, did: string, signingKey: string) {
  if (!did.startsWith('did:plc:')) return
  const last = await plc.getLastOp(did)
  if (last === undefined || last.type === 'plc_tombstone') {
    throw invalidRequest('The DID is unknown to the PLC directory or has a tombstone')
  }
  if (last.verificationMethods?.['atproto'] === signingKey) return
  await plc.sendOperation(did, await signingKeyOperation(last, signingKey, rotationKey))
}

async function isPublished({ plc }: RotationPorts, did: string, key: string): Promise<boolean> {
  return (await plc.getDocumentData(did))?.verificationMethods['atproto'] === key
}

/** Throws 400 before step 1 if step 3 would be refused. */
async function mustBePublishable(
  { plc, resolver, rotationKey }: RotationPorts,
  did: string,
  signingKey: string,
): Promise<void> {
  if (did.startsWith('did:plc:')) {
    const data = await plc.getDocumentData(did)
    if (data?.rotationKeys.includes(rotationKey.did())) return
    throw invalidRequest('The rotation keys of the DID do not include the one of this server')
  }
  const document = await resolver.refresh(did)
  if (document === undefined || verificationKey(document, 'atproto') !== signingKey) {
    throw invalidRequest('The DID document has to name the new key first')
  }
}

async function reservedKey(
  { dispatch, keys }: RotationPorts,
  did: string,
  signingKey: string,
): Promise<Uint8Array> {
  for (const name of [signingKey, did]) {
    const reserved = await dispatch.directory.keys.find({ names: [name] })
    if (reserved?.signingKeyDid !== signingKey) continue
    return keys.seal(keys.open(reserved.signingKey, reserved.name), did)
  }
  throw invalidRequest('The signing key is not one that this server has reserved')
}

/**
 * Changing an account's signing key, step by step (com.atproto.admin.updateAccountSigningKey). The key is one that
 * com.atproto.server.reserveSigningKey gave out, or the one in use, which is then published and used anew.
 *
 * 1. The directory notes that it is under way.
 * 2. The account keeps the new key beside the old one, and signs nothing any more.
 * 3. The DID document names the new key: by an operation of did:plc; that of a did:web is its owner's to change, before.
 * 4. The account signs its head with the new key, and goes on.
 * 5. The directory forgets about it.
 *
 * Every step may be repeated, by whoever finds the note. Only a refusal of the PLC directory leads back to before 2.
 */

import type { SigningKeyDids } from '#src/account/identity/key-rotation.ts'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import { signingKeyOperation } from '#src/protocol/plc-operation.ts'

/** That a rotation is under way, and since when (ms since 1970). */
interface StartedRotation {
  did: string
  notedAt: number
}

interface ReservedKey {
  name: string
  signingKey: Uint8Array
  signingKeyDid: string
}

/** What the rotation asks of the directory and of the account. */
export interface RotationDispatch {
  directory: {
    keys: { find(input: { names: readonly string[] }): Promise<ReservedKey | null> }
    keyRotations: {
      record(input: { did: string }): Promise<{ notedAt: number }>
      list(input: { age: number; limit: number }): Promise<StartedRotation[]>
      end(input: StartedRotation & { signingKeyDid?: string }): Promise<void>
    }
  }
  account(did: string): {
    keys: {
      names(): Promise<SigningKeyDids>
      begin(input: { signingKeyDid: string; signingKey?: Uint8Array }): Promise<void>
      finish(input: { signingKeyDid: string }): Promise<void>
      abandon(input: { signingKeyDid: string }): Promise<void>
    }
  }
}

export interface RotationDeps {
  dispatch: RotationDispatch
  plc: PlcDirectory
  /** The server's key for operations of did:plc. */
  rotationKey: SigningKey
  keys: Keychain
  resolver: DidResolver
  log: Pick<Log, 'info' | 'warn'>
}

/**
 * Changes the key of an account of this server to `signingKey`, a did:key. Throws 400 where this server does not hold
 * it or may not publish it, 502 and 503 where that cannot be told yet: then it goes on by itself later.
 */
export async function rotateSigningKey(
  deps: RotationDeps,
  { did, signingKey }: { did: string; signingKey: string },
): Promise<void> {
  const account = deps.dispatch.account(did)
  const { current, pending } = await account.keys.names()
  const { keyRotations } = deps.dispatch.directory
  if (pending !== null && pending !== signingKey) {
    await complete(deps, { did, ...(await keyRotations.record({ did })) }, pending)
  }
  const isKnown = signingKey === current || signingKey === pending
  const sealed = isKnown ? undefined : await reservedKey(deps, did, signingKey)
  await mustBePublishable(deps, did, signingKey)
  const noted = { did, ...(await keyRotations.record({ did })) }
  const key = sealed === undefined ? {} : { signingKey: sealed }
  await account.keys.begin({ signingKeyDid: signingKey, ...key })
  await complete(deps, noted, signingKey)
}

/** Takes up what was left: to the end, or, where nothing is on its way, off the list. Returns how many are left. */
export async function resumeRotations(
  deps: RotationDeps,
  { age, limit = 50 }: { age: number; limit?: number },
): Promise<number> {
  const { directory, account } = deps.dispatch
  let left = 0
  for (const noted of await directory.keyRotations.list({ age, limit })) {
    const { did } = noted
    try {
      const { pending } = await account(did).keys.names()
      if (pending === null) await directory.keyRotations.end(noted)
      else await complete(deps, noted, pending)
    } catch (error) {
      left++
      deps.log.warn({ did, err: error }, 'a change of a signing key could not be finished yet')
    }
  }
  return left
}

/** Steps 3 to 5, for the key that is on its way. */
async function complete(
  deps: RotationDeps,
  noted: StartedRotation,
  signingKey: string,
): Promise<void> {
  const { did } = noted
  const account = deps.dispatch.account(did)
  try {
    await publish(deps, did, signingKey)
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status !== 400) throw error
    // Somebody else who works on it may have been faster; then this was the refusal of a repetition.
    if (!(await isPublished(deps, did, signingKey))) {
      await account.keys.abandon({ signingKeyDid: signingKey })
      await deps.dispatch.directory.keyRotations.end(noted)
      throw error
    }
  }
  // As the network sees it: nothing may be signed with a key that the document does not name.
  const document = await deps.resolver.refresh(did)
  if (document === undefined || verificationKey(document, 'atproto') !== signingKey) {
    throw unavailable('The DID document does not name the new key yet', 'KeyRotation')
  }
  await account.keys.finish({ signingKeyDid: signingKey })
  await deps.dispatch.directory.keyRotations.end({ ...noted, signingKeyDid: signingKey })
  deps.log.info({ did, signingKey }, 'the signing key was replaced')
}

/** Step 3. Throws 400 where the directory refuses, 502 where it cannot tell. */
async function publish({ plc, rotationKey }: RotationDeps, did: string, signingKey: string) {
  if (!did.startsWith('did:plc:')) return
  const last = await plc.getLastOp(did)
  if (last === undefined || last.type === 'plc_tombstone') {
    throw invalidRequest('The DID is unknown to its directory, or ended')
  }
  if (last.verificationMethods?.['atproto'] === signingKey) return
  await plc.sendOperation(did, await signingKeyOperation(last, signingKey, rotationKey))
}

async function isPublished({ plc }: RotationDeps, did: string, key: string): Promise<boolean> {
  return (await plc.getDocumentData(did))?.verificationMethods['atproto'] === key
}

/** Nothing is begun that is known to end with a refusal. */
async function mustBePublishable(
  { plc, resolver, rotationKey }: RotationDeps,
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

/** The key, sealed in the context of the account; throws 400 where nobody reserved it. */
async function reservedKey(
  { dispatch, keys }: RotationDeps,
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

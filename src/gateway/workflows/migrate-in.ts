/**
 * The making of an account for a DID that exists already (com.atproto.server.createAccount with `did`).
 *
 * Whoever asks shows a service token of the DID. The account begins deactivated, with an empty repo and a signing key
 * of this server's making: the one that was reserved for it, or a new one. The DID itself is left alone; it points here
 * when its owner says so, and then `activateAccount` can follow. An account that never gets so far is deleted after
 * three days.
 */
import { authRequired } from '#src/errors.ts'
import type {
  CreateAccountDeps,
  CreatedAccount,
  CreationDispatch,
} from '#src/gateway/workflows/create-account.ts'
import {
  type CreateAccountInput,
  validateInputExceptHandle,
} from '#src/gateway/workflows/create-account-input.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import { validateHandleClaim } from '#src/gateway/workflows/validate-handle.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import { issueTokens, newTokenId } from '#src/rules/session-tokens.ts'

interface SealedKey {
  signingKey: Uint8Array
  signingKeyDid: string
}

/** What an arrival asks of the directory and of the account, besides what a creation does. */
export interface MigrateInDispatch {
  directory: CreationDispatch['directory'] & {
    keys: {
      find(input: { names: readonly string[] }): Promise<(SealedKey & { name: string }) | null>
      reserve(input: SealedKey & { name: string }): Promise<{ signingKeyDid: string }>
    }
  }
  account(did: string): { lifecycle: { wake(): Promise<void> } }
}

export interface MigrateInDeps extends Omit<CreateAccountDeps, 'dispatch' | 'plc' | 'rotationKey'> {
  dispatch: MigrateInDispatch
  resolver: DidResolver
  handles: HandleResolver
}

/**
 * Makes the account of `input.did`, for the DID `requester` of the service token shown; undefined where none was.
 * Throws 400 as createAccount does, and where the DID has an account here; 401 where the token is of another DID.
 */
export async function migrateIn(
  deps: MigrateInDeps,
  input: CreateAccountInput & { did: string },
  requester: string | undefined,
): Promise<CreatedAccount> {
  const { did } = input
  const { password, email, inviteCode } = validateInputExceptHandle(deps, input)
  const claim = { did, handle: input.handle }
  const rules = await deps.handleRules()
  const handle = await validateHandleClaim(claim, rules, (name) => deps.handles.resolve(name))
  if (did !== requester) throw authRequired(`Missing auth to create account with did: ${did}`)
  const tokenId = newTokenId()
  const now = deps.clock.now()
  const passwordHash = password === undefined ? null : await hashPassword(password)
  const names = { did, handle, email, ...(inviteCode === undefined ? {} : { inviteCode }) }
  const key = await keyFor(deps, did)
  await deps.dispatch.directory.accounts.reserve({ ...names, ...key, isMigratingIn: true })
  await confirm(deps, { did, passwordHash, tokenId, createdAt: new Date(now).toISOString() })
  // The account is made of its birth at once: an earlier life of the same DID may still be awake.
  const { lifecycle } = deps.dispatch.account(did)
  await lifecycle.wake().catch(() => deps.wakeQueue.add(did))
  const didDoc = await deps.resolver.refresh(did).catch(() => undefined)
  const tokens = issueTokens({ did, tokenId }, { ...deps.tokens, now })
  return { did, handle, ...tokens, ...(didDoc && { didDoc }) }
}

async function confirm(
  { dispatch }: MigrateInDeps,
  confirmation: Parameters<CreationDispatch['directory']['accounts']['confirm']>[0],
): Promise<void> {
  const { accounts } = dispatch.directory
  try {
    await retryTransient(() => accounts.confirm(confirmation))
  } catch (error) {
    const { released } = await accounts.release({ did: confirmation.did })
    if (released) throw error
    // Only the answer was lost, unless somebody else was quicker: then this says so.
    await accounts.confirm(confirmation)
  }
}

/** The key that was reserved for the DID, or that its document names and that was reserved; or a new one. */
async function keyFor(
  { dispatch, keys, resolver }: MigrateInDeps,
  did: string,
): Promise<SealedKey> {
  const document = await resolver.resolve(did)
  const named = document && verificationKey(document, 'atproto')
  const names = named === undefined ? [did] : [did, named]
  const reserved = await dispatch.directory.keys.find({ names })
  if (reserved !== null) {
    const privateKey = keys.open(reserved.signingKey, reserved.name)
    return { signingKey: keys.seal(privateKey, did), signingKeyDid: reserved.signingKeyDid }
  }
  const { privateKey, key } = newSigningKey()
  return { signingKey: keys.seal(privateKey, did), signingKeyDid: key.did() }
}

/** com.atproto.server.reserveSigningKey: the same key for the same DID, until its account is created. */
export async function reserveSigningKey(
  { dispatch, keys }: { dispatch: Pick<MigrateInDispatch, 'directory'>; keys: Keychain },
  { did }: { did?: string | undefined },
): Promise<{ signingKey: string }> {
  const { privateKey, key } = newSigningKey()
  const signingKeyDid = key.did()
  const name = did ?? signingKeyDid
  const sealed = { name, signingKey: keys.seal(privateKey, name), signingKeyDid }
  const reserved = await dispatch.directory.keys.reserve(sealed)
  return { signingKey: reserved.signingKeyDid }
}

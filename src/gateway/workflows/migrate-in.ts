/**
 * com.atproto.server.createAccount with an existing `did`, for an account that moves to this server.
 *
 * The caller presents a service token of the DID. The account starts deactivated, with an empty repo and a signing key
 * held by this server: the reserved one, or a new one. The DID is not changed; once its owner has pointed it here,
 * `activateAccount` can follow. An account that is never activated is deleted after three days.
 */

import type { NewSigningKey } from '#src/directory/initial-states.ts'
import type { ReservedKey } from '#src/directory/reserved-keys.ts'
import { authRequired } from '#src/errors.ts'
import { validateHandleClaim } from '#src/gateway/identity/validate-handle.ts'
import type {
  CreateAccountPorts,
  CreatedAccount,
  CreationDispatch,
  Origin,
} from '#src/gateway/workflows/create-account.ts'
import {
  type CreateAccountInput,
  validateInputExceptHandle,
} from '#src/gateway/workflows/create-account-input.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import { claimedTenant } from '#src/rules/invite-codes.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { issueTokens, newTokenId } from '#src/rules/session-tokens.ts'

export interface MigrateInDispatch {
  directory: CreationDispatch['directory'] & {
    keys: {
      find(input: { names: readonly string[] }): Promise<ReservedKey | null>
      reserve(input: ReservedKey & { isAdmin?: boolean }): Promise<{ signingKeyDid: string }>
    }
  }
  account(did: string): { lifecycle: { ensureProvisioned(): Promise<void> } }
}

export interface MigrateInPorts
  extends Omit<CreateAccountPorts, 'dispatch' | 'plc' | 'rotationKey'> {
  dispatch: MigrateInDispatch
  resolver: DidResolver
  handles: HandleResolver
}

/**
 * Creates the account of `input.did`; `requester` is the issuer of the service token, undefined without one. Throws 400
 * as createAccount and if the DID has an account here, 401 unless the token is of that DID.
 */
export async function migrateIn(
  ports: MigrateInPorts,
  input: CreateAccountInput & { did: string },
  requester: string | undefined,
  { network }: Pick<Origin, 'network'> = {},
): Promise<CreatedAccount> {
  const { did } = input
  const { password, email, inviteCode } = validateInputExceptHandle(ports, input)
  // Whether the code is that tenant's is checked with the code.
  const tenant = inviteCode === undefined ? undefined : claimedTenant(inviteCode)
  const claim = { did, handle: input.handle, tenant }
  const rules = await ports.handleRules()
  const handle = await validateHandleClaim(claim, rules, (name) => ports.handles.resolve(name))
  if (did !== requester) throw authRequired(`Missing auth to create account with did: ${did}`)
  const tokenId = newTokenId()
  const now = ports.clock.now()
  const passwordHash = password === undefined ? null : await hashPassword(password)
  const account = {
    did,
    handle,
    email: email ?? null,
    ...(inviteCode === undefined ? {} : { inviteCode }),
    ...(network === undefined ? {} : { network }),
  }
  const key = await keyFor(ports, did)
  await ports.dispatch.directory.accounts.reserve({ ...account, ...key, isMigratingIn: true })
  await confirmReserved(ports, { did, passwordHash, tokenId, createdAt: isoTime(now) })
  // Provision at once: the actor of an earlier, deleted account of the same DID may still be awake.
  const { lifecycle } = ports.dispatch.account(did)
  await lifecycle.ensureProvisioned().catch(() => ports.wakeQueue.add(did))
  const didDoc = await ports.resolver.refresh(did).catch(() => undefined)
  const tokens = await issueTokens({ did, tokenId }, { ...ports.tokens, now })
  return { did, handle, ...tokens, ...(didDoc && { didDoc }) }
}

/** Confirms a reservation; releases it if that fails. */
export async function confirmReserved(
  { dispatch }: { dispatch: { directory: Pick<CreationDispatch['directory'], 'accounts'> } },
  confirmation: Parameters<CreationDispatch['directory']['accounts']['confirm']>[0],
): Promise<void> {
  const { accounts } = dispatch.directory
  try {
    await retryTransient(() => accounts.confirm(confirmation))
  } catch (error) {
    const { released } = await accounts.release({ did: confirmation.did })
    if (released) throw error
    // Only the answer was lost; or a concurrent request has confirmed, and then this throws.
    await accounts.confirm(confirmation)
  }
}

/** The key reserved for the DID, else a reserved key that its DID document names, else a new one. */
async function keyFor(
  { dispatch, keys, resolver }: MigrateInPorts,
  did: string,
): Promise<NewSigningKey> {
  const document = await resolver.resolve(did)
  const publishedKey = document && verificationKey(document, 'atproto')
  const names = publishedKey === undefined ? [did] : [did, publishedKey]
  const reserved = await dispatch.directory.keys.find({ names })
  if (reserved !== null) {
    const privateKey = keys.open(reserved.signingKey, reserved.name)
    return { signingKey: keys.seal(privateKey, did), signingKeyDid: reserved.signingKeyDid }
  }
  const { privateKey, key } = newSigningKey()
  return { signingKey: keys.seal(privateKey, did), signingKeyDid: key.did() }
}

/**
 * com.atproto.server.reserveSigningKey: returns the same key for a DID until its account is created. Throws 503 if too
 * many are reserved; some are kept for the admin.
 */
export async function reserveSigningKey(
  { dispatch, keys }: { dispatch: Pick<MigrateInDispatch, 'directory'>; keys: Keychain },
  { did, isAdmin = false }: { did?: string | undefined; isAdmin?: boolean },
): Promise<{ signingKey: string }> {
  const { privateKey, key } = newSigningKey()
  const signingKeyDid = key.did()
  const name = did ?? signingKeyDid
  const sealed = { name, signingKey: keys.seal(privateKey, name), signingKeyDid }
  const reserved = await dispatch.directory.keys.reserve({ ...sealed, isAdmin })
  return { signingKey: reserved.signingKeyDid }
}

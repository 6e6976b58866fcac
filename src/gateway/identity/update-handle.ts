/**
 * Changes a handle (com.atproto.identity.updateHandle); the directory decides between concurrent claims.
 *
 * 1. Validate the handle and the account's claim to it.
 * 2. Record the change in the directory: this reserves the handle, and lets another process resume after a crash.
 * 3. Publish: send a PLC operation; a did:web document must contain the handle already.
 * 4. The directory resolves the new handle, and no longer the old one.
 * 5. The account stores its handle and its #identity event, in one transaction.
 * 6. Remove the record.
 *
 * Every step may be repeated. If the process exits before 3, nothing has changed; after 3, the change is completed by
 * `resumeIdentityChanges` or the next call with the same handle.
 */

import type { OwnIdentity } from '#src/account/identity/own-identity.ts'
import type { IdentityChange } from '#src/directory/identity-changes.ts'
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import { type HandleRules, serviceDomainOf } from '#src/gateway/identity/handle-rules.ts'
import { type HandleClaim, validateHandleClaim } from '#src/gateway/identity/validate-handle.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import {
  handleOperation,
  maySignNext,
  type PlcOperation,
  type PlcSigner,
  plcHandle,
} from '#src/protocol/plc-operation.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

export interface IdentityDispatch {
  directory: {
    accounts: { setHandle(input: { did: string; handle: string }): Promise<void> }
    tenantAccounts: {
      tenantsOf(input: { dids: readonly string[] }): Promise<Record<string, string>>
    }
    identityChanges: {
      begin(input: IdentityChange): Promise<void>
      end(input: IdentityChange): Promise<void>
      list(input: {
        age: number
        limit: number
      }): Promise<(IdentityChange & { isExpired: boolean })[]>
    }
  }
  account(did: string): {
    identity: {
      getIdentity(): Promise<OwnIdentity>
      setHandle(input: { handle: string; by?: ActingMember | undefined }): Promise<void>
      announceIdentity(input?: { by?: ActingMember | undefined }): Promise<void>
    }
  }
}

export interface IdentityPorts {
  dispatch: IdentityDispatch
  plc: PlcDirectory
  rotationKey: PlcSigner
  resolver: DidResolver
  handles: HandleResolver
  handleRules(): Promise<HandleRules>
  log: Pick<Log, 'warn'>
}

/**
 * Changes the account's handle, or emits #identity again if it is the current one. Throws 400 as `validateHandleClaim`,
 * HandleNotAvailable if it is taken, InvalidRequest if there is no account, a did:web document has another
 * handle, or the owner of a did:plc has to sign;
 * 401 AccountTakedown; and as the PLC directory. `by` is the member of a group that wants it, which may.
 */
export async function updateHandle(
  ports: IdentityPorts,
  claim: HandleClaim,
  by?: ActingMember,
): Promise<void> {
  const { directory } = ports.dispatch
  const { did } = claim
  const { status } = await ports.dispatch.account(did).identity.getIdentity()
  if (status !== 'active' && status !== 'deactivated') {
    if (claim.allowAnyValid) throw invalidRequest('Account not found')
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const rules = await ports.handleRules()
  const handle = await validateHandleClaim(await withTenant(ports, claim, rules), rules, (name) =>
    ports.handles.resolve(name),
  )
  await directory.identityChanges.begin({ did, handle, by })
  try {
    await publish(ports, did, handle)
  } catch (error) {
    // If the outcome is unknown the record stays, and the change is resumed later.
    if (isRefusal(error)) await directory.identityChanges.end({ did, handle }).catch(() => {})
    throw error
  }
  await completeHandleChange(ports, did, handle, by)
}

/** The directory is only asked for a domain of a tenant. */
async function withTenant(
  { dispatch }: IdentityPorts,
  claim: HandleClaim,
  rules: HandleRules,
): Promise<HandleClaim> {
  const domain = serviceDomainOf(claim.handle.toLowerCase(), rules.allDomains)
  if (domain === undefined || rules.tenantDomain(domain) === undefined) return claim
  const tenants = await dispatch.directory.tenantAccounts.tenantsOf({ dids: [claim.did] })
  return { ...claim, tenant: tenants[claim.did] }
}

/**
 * Resumes changes recorded more than `age` milliseconds ago: completes those that were published, and drops the others
 * once their reservation has expired. Returns how many could not be finished.
 */
export async function resumeIdentityChanges(
  ports: IdentityPorts,
  { age, limit = 1000 }: { age: number; limit?: number },
): Promise<number> {
  const { account, directory } = ports.dispatch
  let unfinished = 0
  for (const { did, handle, isExpired, by } of await directory.identityChanges.list({
    age,
    limit,
  })) {
    try {
      if (handle === null) {
        await account(did).identity.announceIdentity({ by })
        await directory.identityChanges.end({ did, handle })
      } else if ((await publishedHandle(ports, did)) === handle) {
        await completeHandleChange(ports, did, handle, by)
      } else if (isExpired) {
        await directory.identityChanges.end({ did, handle })
      }
    } catch (error) {
      // The account is gone, or another account has the handle: this change can never complete.
      if (isRefusal(error)) await directory.identityChanges.end({ did, handle }).catch(() => {})
      else {
        unfinished++
        ports.log.warn({ did, err: error }, 'identity change unfinished, will be retried')
      }
    }
  }
  return unfinished
}

/** A decision that the change will not happen; any other error leaves the outcome unknown. */
export function isRefusal(error: unknown): boolean {
  return error instanceof XrpcError && error.status < 500
}

/** Step 3. */
async function publish(ports: IdentityPorts, did: string, handle: string): Promise<void> {
  if (!did.startsWith('did:plc:')) {
    if ((await publishedHandle(ports, did)) === handle) return
    throw invalidRequest('DID is not properly configured for handle')
  }
  const { plc, rotationKey } = ports
  if ((await publishedHandle(ports, did)) === handle) return
  const last = await plc.getLastOp(did)
  if (last === undefined) throw invalidRequest(`Could not resolve DID: ${did}`)
  if (last.type === 'plc_tombstone') throw invalidRequest('Did is tombstoned')
  mustBeSignable(last, rotationKey)
  try {
    await plc.sendOperation(did, await handleOperation(last, handle, rotationKey))
  } catch (error) {
    // The operation may have been accepted all the same, or a concurrent one with the same handle.
    const published = await publishedHandle(ports, did).catch(() => undefined)
    if (published !== handle) throw error
  }
}

/** Throws 400 if the owner keeps all rotation keys of the DID. */
export function mustBeSignable(last: PlcOperation, rotationKey: PlcSigner): void {
  if (maySignNext(last, rotationKey)) return
  throw invalidRequest(
    'The rotation keys of the DID do not include the one of this server: its owner has to sign this PLC operation and send it to the PLC directory. For a new handle, call updateHandle again after that.',
  )
}

async function publishedHandle(
  { plc, resolver }: IdentityPorts,
  did: string,
): Promise<string | undefined> {
  if (did.startsWith('did:plc:')) {
    const data = await plc.getDocumentData(did)
    return data && plcHandle(data)
  }
  const document = await resolver.refresh(did)
  return document && claimedHandle(document)
}

/** Steps 4 to 6. */
export async function completeHandleChange(
  { dispatch, resolver }: Pick<IdentityPorts, 'dispatch' | 'resolver'>,
  did: string,
  handle: string,
  by: ActingMember | undefined,
): Promise<void> {
  const { account, directory } = dispatch
  await retryTransient(() => directory.accounts.setHandle({ did, handle }))
  await retryTransient(() => account(did).identity.setHandle({ handle, by }))
  await retryTransient(() => directory.identityChanges.end({ did, handle }))
  await resolver.refresh(did).catch(() => {})
}

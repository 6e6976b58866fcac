/**
 * The change of a handle, step by step, with the directory as referee (com.atproto.identity.updateHandle).
 *
 * 1. Check the handle, and that the account may have it.
 * 2. Note the change: from here on nobody else gets the handle, and whoever comes after a crash knows of it.
 * 3. Publish: an operation of did:plc; a did:web must say it already.
 * 4. The directory resolves the new handle, and the old one no more.
 * 5. The account is called so, and says so: its row and #identity in one transaction.
 * 6. Strike the note out.
 *
 * Every step may be repeated. Whoever dies before 3 changed nothing; whoever dies after it is followed by
 * `finishIdentityChanges`, or by the next call with the same handle.
 */

import type { OwnIdentity } from '#src/account/identity/own-identity.ts'
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import type { HandleRules } from '#src/gateway/workflows/handle-rules.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import { type HandleClaim, validateHandleClaim } from '#src/gateway/workflows/validate-handle.ts'
import type { Log } from '#src/log.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import { handleOperation, type PlcSigner, plcHandle } from '#src/protocol/plc-operation.ts'

/** A change that was noted; without a handle where something else of the DID changes. */
interface StartedChange {
  did: string
  handle: string | null
}

/** What changes of identity ask of the directory and of the account. */
export interface IdentityDispatch {
  directory: {
    accounts: { setHandle(input: { did: string; handle: string }): Promise<void> }
    identityChanges: {
      begin(input: StartedChange): Promise<void>
      end(input: StartedChange): Promise<void>
      list(input: { age: number; limit: number }): Promise<(StartedChange & { held: boolean })[]>
    }
  }
  account(did: string): {
    identity: {
      getIdentity(): Promise<OwnIdentity>
      setHandle(input: { handle: string }): Promise<void>
      announceIdentity(): Promise<void>
    }
  }
}

export interface IdentityDeps {
  dispatch: IdentityDispatch
  plc: PlcDirectory
  /** The server's key for operations of did:plc. */
  rotationKey: PlcSigner
  resolver: DidResolver
  handles: HandleResolver
  handleRules(): Promise<HandleRules>
  log: Pick<Log, 'warn'>
}

/**
 * Gives the account another handle, or announces the one it has once more. Throws 400 as `claimedByAccount`,
 * HandleNotAvailable where it is taken, InvalidRequest where there is no account, or its DID says otherwise; 401
 * AccountTakedown; and as the PLC directory does.
 */
export async function updateHandle(deps: IdentityDeps, claim: HandleClaim): Promise<void> {
  const { directory } = deps.dispatch
  const { did } = claim
  const { status } = await deps.dispatch.account(did).identity.getIdentity()
  if (status !== 'active' && status !== 'deactivated') {
    if (claim.allowAnyValid) throw invalidRequest('Account not found')
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const rules = await deps.handleRules()
  const handle = await validateHandleClaim(claim, rules, (name) => deps.handles.resolve(name))
  await directory.identityChanges.begin({ did, handle })
  try {
    await publish(deps, did, handle)
  } catch (error) {
    // Where nobody can tell what became of it, the note stays.
    if (isRefusal(error)) await directory.identityChanges.end({ did, handle }).catch(() => {})
    throw error
  }
  await complete(deps, did, handle)
}

/**
 * Ends what was left under way more than `age` milliseconds ago: completes what was published, and drops what was not
 * once its time is over. Returns how many could not be ended.
 */
export async function resumeIdentityChanges(
  deps: IdentityDeps,
  { age, limit = 1000 }: { age: number; limit?: number },
): Promise<number> {
  const { account, directory } = deps.dispatch
  let left = 0
  for (const { did, handle, held } of await directory.identityChanges.list({ age, limit })) {
    try {
      if (handle === null) {
        await account(did).identity.announceIdentity()
        await directory.identityChanges.end({ did, handle })
      } else if ((await publishedHandle(deps, did)) === handle) {
        await complete(deps, did, handle)
      } else if (!held) {
        await directory.identityChanges.end({ did, handle })
      }
    } catch (error) {
      // An account that went, or a handle that somebody else got: then it never will be.
      if (isRefusal(error)) await directory.identityChanges.end({ did, handle }).catch(() => {})
      else {
        left++
        deps.log.warn({ did, err: error }, 'a change of identity could not be finished yet')
      }
    }
  }
  return left
}

/** Whether it was said, by whoever decides, that something will not happen. */
export function isRefusal(error: unknown): boolean {
  return error instanceof XrpcError && error.status < 500
}

/** Step 3. */
async function publish(deps: IdentityDeps, did: string, handle: string): Promise<void> {
  if (!did.startsWith('did:plc:')) {
    if ((await publishedHandle(deps, did)) === handle) return
    throw invalidRequest('DID is not properly configured for handle')
  }
  const { plc, rotationKey } = deps
  if ((await publishedHandle(deps, did)) === handle) return
  const last = await plc.getLastOp(did)
  if (last === undefined) throw invalidRequest(`Could not resolve DID: ${did}`)
  if (last.type === 'plc_tombstone') throw invalidRequest('Did is tombstoned')
  try {
    await plc.sendOperation(did, await handleOperation(last, handle, rotationKey))
  } catch (error) {
    // It may have arrived all the same, or another one that says the same.
    const now = await publishedHandle(deps, did).catch(() => undefined)
    if (now !== handle) throw error
  }
}

async function publishedHandle(
  { plc, resolver }: IdentityDeps,
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
async function complete(
  { dispatch, resolver }: IdentityDeps,
  did: string,
  handle: string,
): Promise<void> {
  const { account, directory } = dispatch
  await retryTransient(() => directory.accounts.setHandle({ did, handle }))
  await retryTransient(() => account(did).identity.setHandle({ handle }))
  await retryTransient(() => directory.identityChanges.end({ did, handle }))
  await resolver.refresh(did).catch(() => {})
}

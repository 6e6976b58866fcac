/** Who a handle or a DID stands for, in the whole network (com.atproto.identity). */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  isBareDomain,
  isServiceHandle,
} from '#src/gateway/workflows/handle-rules.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import { claimedHandle, type DidDocument } from '#src/protocol/did-document.ts'

export interface ResolveIdentityDeps {
  dispatch: {
    directory: {
      accounts: { resolveHandle(input: { handle: string }): Promise<{ did: string } | null> }
    }
  }
  handleRules(): Promise<HandleRules>
  handles: HandleResolver
  resolver: DidResolver
}

/** com.atproto.identity.defs#identityInfo. */
export interface IdentityInfo {
  did: string
  /** `handle.invalid` unless the document claims it and it leads back to the DID. */
  handle: string
  didDoc: DidDocument
}

/**
 * The DID of a handle in lower case: of an account of this server, or as its domain says; undefined where nobody
 * knows. A handle under a service domain is for this server alone to know; `elsewhere` answers for all others.
 */
export async function didOfHandle(
  { dispatch, handleRules, handles }: Omit<ResolveIdentityDeps, 'resolver'>,
  handle: string,
  elsewhere: HandleResolver = handles,
): Promise<string | undefined> {
  const found = await dispatch.directory.accounts.resolveHandle({ handle })
  if (found !== null) return found.did
  const { domains } = await handleRules()
  const isOurs = isServiceHandle(handle, domains) && !isBareDomain(handle, domains)
  return isOurs ? undefined : elsewhere.resolve(handle)
}

/** com.atproto.identity.resolveDid. Throws 400 DidNotFound, 502 where nobody can tell. */
export async function resolveDid(resolver: DidResolver, did: string): Promise<DidDocument> {
  return known(did, await resolver.resolve(did))
}

/**
 * com.atproto.identity.resolveIdentity, and refreshIdentity where everything is to be asked anew. Throws 400
 * HandleNotFound, DidNotFound, 502 where nobody can tell.
 */
export async function resolveIdentity(
  deps: ResolveIdentityDeps,
  identifier: string,
  { refresh = false }: { refresh?: boolean } = {},
): Promise<IdentityInfo> {
  const { resolver } = deps
  const isDid = identifier.startsWith('did:')
  const asked = isDid ? undefined : identifier.toLowerCase()
  const did = asked === undefined ? identifier : await didOfHandle(deps, asked)
  if (did === undefined) throw invalidRequest('Unable to resolve handle', 'HandleNotFound')
  const didDoc = known(did, await (refresh ? resolver.refresh(did) : resolver.resolve(did)))
  const claimed = claimedHandle(didDoc)?.toLowerCase()
  const isTrue =
    claimed !== undefined && (claimed === asked || (await didOfHandle(deps, claimed)) === did)
  return { did, handle: isTrue ? claimed : 'handle.invalid', didDoc }
}

function known(did: string, document: DidDocument | undefined): DidDocument {
  if (document === undefined) throw invalidRequest(`Could not resolve DID: ${did}`, 'DidNotFound')
  return document
}

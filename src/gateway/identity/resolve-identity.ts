/** Resolves handles and DIDs, of this server and of others (com.atproto.identity). */
import { invalidRequest } from '#src/errors.ts'
import {
  type HandleRules,
  isBareDomain,
  isServiceHandle,
} from '#src/gateway/identity/handle-rules.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import { claimedHandle, type DidDocument } from '#src/protocol/did-document.ts'

export interface ResolveIdentityPorts {
  dispatch: {
    directory: {
      accounts: { resolveHandle(input: { handle: string }): Promise<{ did: string } | null> }
    }
  }
  handleRules(): Promise<HandleRules>
  handles: HandleResolver
  resolver: DidResolver
}

export interface IdentityInfo {
  did: string
  /** `handle.invalid` unless the document claims the handle and the handle resolves to the DID. */
  handle: string
  didDoc: DidDocument
}

/**
 * Resolves a lower-case handle: an account of this server, else through `external`; undefined if it does not resolve.
 * A handle under a service domain is never resolved externally.
 */
export async function didOfHandle(
  { dispatch, handleRules, handles }: Omit<ResolveIdentityPorts, 'resolver'>,
  handle: string,
  external: HandleResolver = handles,
): Promise<string | undefined> {
  const found = await dispatch.directory.accounts.resolveHandle({ handle })
  if (found !== null) return found.did
  const { allDomains: domains } = await handleRules()
  const isOurs = isServiceHandle(handle, domains) && !isBareDomain(handle, domains)
  return isOurs ? undefined : external.resolve(handle)
}

/** com.atproto.identity.resolveDid. Throws 400 DidNotFound, 502 if resolution failed. */
export async function resolveDid(resolver: DidResolver, did: string): Promise<DidDocument> {
  return mustExist(did, await resolver.resolve(did))
}

/**
 * com.atproto.identity.resolveIdentity; with `refresh`, which bypasses the cache as often as the resolver
 * allows, refreshIdentity. Throws 400
 * HandleNotFound or DidNotFound, 502 if resolution failed.
 */
export async function resolveIdentity(
  ports: ResolveIdentityPorts,
  identifier: string,
  { refresh = false }: { refresh?: boolean } = {},
): Promise<IdentityInfo> {
  const { resolver } = ports
  const isDid = identifier.startsWith('did:')
  const handle = isDid ? undefined : identifier.toLowerCase()
  const did = handle === undefined ? identifier : await didOfHandle(ports, handle)
  if (did === undefined) throw invalidRequest('Unable to resolve handle', 'HandleNotFound')
  const document = refresh ? resolver.refresh(did, { isLimited: true }) : resolver.resolve(did)
  const didDoc = mustExist(did, await document)
  const claimed = claimedHandle(didDoc)?.toLowerCase()
  const isValid =
    claimed !== undefined && (claimed === handle || (await didOfHandle(ports, claimed)) === did)
  return { did, handle: isValid ? claimed : 'handle.invalid', didDoc }
}

function mustExist(did: string, document: DidDocument | undefined): DidDocument {
  if (document === undefined) throw invalidRequest(`Could not resolve DID: ${did}`, 'DidNotFound')
  return document
}

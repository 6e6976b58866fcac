/** Whether a DID points to this server, as it must before its account may be active. */
import { invalidRequest } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { serviceEndpoint, verificationKey } from '#src/protocol/did-document.ts'

export interface DidCheckDeps {
  plc: Pick<PlcDirectory, 'getDocumentData'>
  resolver: DidResolver
  credentials: { publicUrl: string; rotationKeyDid: string }
}

/**
 * Throws 400 InvalidRequest unless the DID, as published now, has this server as its atproto_pds and `signingKey`
 * (did:key) as its atproto key; a did:plc must also have this server's rotation key.
 */
export async function mustPointHere(
  { plc, resolver, credentials }: DidCheckDeps,
  { did, signingKey }: { did: string; signingKey: string },
): Promise<void> {
  const published = did.startsWith('did:plc:')
    ? await fromPlc(plc, did)
    : await fromDocument(resolver, did)
  const { publicUrl, rotationKeyDid } = credentials
  if (published.rotationKeys !== undefined && !published.rotationKeys.includes(rotationKeyDid)) {
    throw invalidRequest('Server rotation key not included in PLC DID data')
  }
  if (published.endpoint !== publicUrl) {
    throw invalidRequest('DID document atproto_pds service endpoint does not match PDS public url')
  }
  if (published.key !== signingKey) {
    throw invalidRequest('DID document verification method does not match expected signing key')
  }
}

export async function isValidDid(
  deps: DidCheckDeps,
  account: { did: string; signingKey: string },
): Promise<boolean> {
  return mustPointHere(deps, account).then(
    () => true,
    () => false,
  )
}

/** Whether the DID has this server as its atproto_pds. Throws 502 if the DID cannot be resolved now. */
export async function isHostedHere(
  { resolver, credentials }: Omit<DidCheckDeps, 'plc'>,
  did: string,
): Promise<boolean> {
  const document = await resolver.refresh(did)
  return (
    document !== undefined && serviceEndpoint(document, 'atproto_pds') === credentials.publicUrl
  )
}

interface PublishedIdentity {
  rotationKeys?: readonly string[]
  endpoint: string | undefined
  key: string | undefined
}

async function fromPlc(plc: DidCheckDeps['plc'], did: string): Promise<PublishedIdentity> {
  const data = await plc.getDocumentData(did)
  if (data === undefined) throw invalidRequest('Could not resolve DID')
  const { rotationKeys, services, verificationMethods } = data
  const endpoint = services['atproto_pds']?.endpoint
  return { rotationKeys, endpoint, key: verificationMethods['atproto'] }
}

async function fromDocument(resolver: DidResolver, did: string): Promise<PublishedIdentity> {
  const document = await resolver.refresh(did)
  if (document === undefined) throw invalidRequest('Could not resolve DID')
  const endpoint = serviceEndpoint(document, 'atproto_pds')
  return { endpoint, key: verificationKey(document, 'atproto') }
}

/** Whether a DID points to this server, as it must before its account may be active. */
import { invalidRequest } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { serviceEndpoint, verificationKey } from '#src/protocol/did-document.ts'

export interface DidCheckPorts {
  plc: Pick<PlcDirectory, 'getDocumentData'>
  resolver: DidResolver
  credentials: { publicUrl: string; rotationKeyDid: string }
}

/**
 * Throws 400 InvalidRequest unless the DID, as published now, has this server as its atproto_pds and `signingKey`
 * (did:key) as its atproto key. A did:plc need not have this server's rotation key: its owner may keep all keys.
 */
export async function mustPointHere(
  ports: DidCheckPorts,
  { did, signingKey }: { did: string; signingKey: string },
): Promise<void> {
  mustName(await publishedIdentity(ports, did), signingKey, ports.credentials.publicUrl)
}

export interface DidStatus {
  /** Whether `mustPointHere` would accept the DID, so that the account can be activated. */
  validDid: boolean
  /** Whether this server can publish changes: false for a did:web, and if an owner keeps all rotation keys. */
  serverCanUpdateDid: boolean
}

/** Both are false if the DID cannot be resolved now. */
export async function didStatus(
  ports: DidCheckPorts,
  { did, signingKey }: { did: string; signingKey: string },
): Promise<DidStatus> {
  const { publicUrl, rotationKeyDid } = ports.credentials
  const status = { validDid: false, serverCanUpdateDid: false }
  try {
    const published = await publishedIdentity(ports, did)
    status.serverCanUpdateDid = published.rotationKeys?.includes(rotationKeyDid) ?? false
    mustName(published, signingKey, publicUrl)
    status.validDid = true
  } catch {
    // As far as it is known.
  }
  return status
}

/** Whether the DID has this server as its atproto_pds. Throws 502 if the DID cannot be resolved now. */
export async function isHostedHere(
  { resolver, credentials }: Omit<DidCheckPorts, 'plc'>,
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

function publishedIdentity(
  { plc, resolver }: DidCheckPorts,
  did: string,
): Promise<PublishedIdentity> {
  return did.startsWith('did:plc:') ? fromPlc(plc, did) : fromDocument(resolver, did)
}

function mustName(published: PublishedIdentity, signingKey: string, publicUrl: string): void {
  if (published.endpoint !== publicUrl) {
    throw invalidRequest('DID document atproto_pds service endpoint does not match PDS public url')
  }
  if (published.key !== signingKey) {
    throw invalidRequest('DID document verification method does not match expected signing key')
  }
}

async function fromPlc(plc: DidCheckPorts['plc'], did: string): Promise<PublishedIdentity> {
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

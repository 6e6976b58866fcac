/**
 * Changes the URL of this server in the DID of an account, after the server got another host name; and the handle, if it is
 * under a domain that is given up.
 *
 * 1. The directory records the change of identity, so that its #identity is not lost.
 * 2. A PLC operation with the new URL and the new handle is published.
 * 3. The rest is as for a new handle, or as after submitPlcOperation.
 *
 * Every step may be repeated: an account whose DID already names the new URL is left alone.
 */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import {
  completeHandleChange,
  type IdentityPorts,
  isRefusal,
} from '#src/gateway/identity/update-handle.ts'
import { validateHandleClaim } from '#src/gateway/identity/validate-handle.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import { endpointOperation, maySignNext, type PlcOperation } from '#src/protocol/plc-operation.ts'

export interface EndpointPorts extends IdentityPorts {
  credentials: { publicUrl: string }
  findHandle(handle: string): Promise<{ did: string } | null>
}

export interface EndpointInput {
  did: string
  /** The URL of this server before. */
  from: string
  /** The domain of handles that is given up, and the one in its place, each with its leading dot. */
  domains?: { from: string; to: string } | undefined
  dryRun?: boolean
}

export interface EndpointChange {
  result: 'changed' | 'unchanged' | 'elsewhere' | 'impossible'
  /** The new one, if it has changed. */
  handle?: string
  /** Why the DID, or the handle, has not changed. */
  reason?: string
}

/**
 * Throws 400 if there is no such account, UnchangedUrl if this server has that URL, and UnsupportedDomain if no handles are
 * possible under the new domain; and as the PLC directory.
 */
export async function changeEndpoint(
  ports: EndpointPorts,
  { did, from, domains, dryRun = false }: EndpointInput,
): Promise<EndpointChange> {
  const to = ports.credentials.publicUrl
  if (originOf(from) === to) {
    throw invalidRequest(`The URL of this server is still ${from}`, 'UnchangedUrl')
  }
  await mustHaveDomain(ports, domains)
  const { handle: current, status } = await ports.dispatch.account(did).identity.getIdentity()
  const published = await publishedEndpoint(ports, did)
  if (published === undefined) return impossible('its DID cannot be resolved, or has a tombstone')
  if (published === to) return { result: 'unchanged' }
  if (published !== originOf(from)) {
    return { result: 'elsewhere', reason: `its DID names ${published}` }
  }
  const last = await signableOperation(ports, did)
  if (typeof last === 'string') return impossible(last)
  const mayRename = status === 'active' || status === 'deactivated'
  const wanted = mayRename ? renamed(current, domains) : undefined
  const { handle, reason } = await availableHandle(ports, did, wanted)
  if (!dryRun) await publish(ports, { did, handle, last })
  return {
    result: 'changed',
    ...(handle !== undefined && { handle }),
    ...(reason !== undefined && { reason }),
  }
}

/** The last operation of the DID, or why this server cannot sign one after it. */
async function signableOperation(
  { credentials, plc, rotationKey }: EndpointPorts,
  did: string,
): Promise<PlcOperation | string> {
  if (!did.startsWith('did:plc:')) {
    return `its owner has to change the serviceEndpoint in its document to ${credentials.publicUrl}`
  }
  const last = await plc.getLastOp(did)
  if (last === undefined || last.type === 'plc_tombstone') return 'its DID has no document'
  return maySignNext(last, rotationKey)
    ? last
    : 'its rotation keys do not include the one of this server'
}

/** The steps 1 to 3. */
async function publish(
  ports: EndpointPorts,
  { did, handle, last }: { did: string; handle: string | undefined; last: PlcOperation },
): Promise<void> {
  const endpoint = ports.credentials.publicUrl
  const record = { did, handle: handle ?? null }
  const { identityChanges } = ports.dispatch.directory
  await identityChanges.begin(record)
  try {
    const operation = await endpointOperation(last, { endpoint, handle }, ports.rotationKey)
    await ports.plc.sendOperation(did, operation)
  } catch (error) {
    // It may have been accepted all the same, or a concurrent one.
    if ((await publishedEndpoint(ports, did).catch(() => undefined)) !== endpoint) {
      if (isRefusal(error)) await identityChanges.end(record).catch(() => {})
      throw error
    }
  }
  if (handle !== undefined) {
    await completeHandleChange(ports, did, handle, undefined)
    return
  }
  await ports.dispatch.account(did).identity.announceIdentity()
  await identityChanges.end(record)
  await ports.resolver.refresh(did).catch(() => {})
}

/** The URL that the DID names now; undefined if it names none. */
async function publishedEndpoint(
  { plc, resolver }: EndpointPorts,
  did: string,
): Promise<string | undefined> {
  if (did.startsWith('did:plc:')) {
    const data = await plc.getDocumentData(did)
    const endpoint = data?.services['atproto_pds']?.endpoint
    return endpoint === undefined ? undefined : originOf(endpoint)
  }
  const document = await resolver.refresh(did)
  const endpoint = document && serviceEndpoint(document, 'atproto_pds')
  return endpoint === undefined ? undefined : originOf(endpoint)
}

function renamed(handle: string | null, domains: EndpointInput['domains']): string | undefined {
  if (handle === null || domains === undefined || !handle.endsWith(domains.from)) return undefined
  return `${handle.slice(0, -domains.from.length)}${domains.to}`
}

async function mustHaveDomain(
  { handleRules }: Pick<EndpointPorts, 'handleRules'>,
  domains: EndpointInput['domains'],
): Promise<void> {
  if (domains === undefined || (await handleRules()).domains.includes(domains.to)) return
  throw invalidRequest(`No handles are possible under ${domains.to}`, 'UnsupportedDomain')
}

/** The wanted handle, or why the account cannot have it. */
async function availableHandle(
  ports: EndpointPorts,
  did: string,
  wanted: string | undefined,
): Promise<{ handle?: string; reason?: string }> {
  if (wanted === undefined) return {}
  try {
    const claim = { did, handle: wanted, allowAnyValid: true }
    const rules = await ports.handleRules()
    const handle = await validateHandleClaim(claim, rules, async () => undefined)
    const holder = await ports.findHandle(handle)
    if (holder !== null && holder.did !== did) return { reason: `the handle ${handle} is taken` }
    return { handle }
  } catch (error) {
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    return { reason: `the handle ${wanted} is refused: ${error.message}` }
  }
}

function impossible(reason: string): EndpointChange {
  return { result: 'impossible', reason }
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}

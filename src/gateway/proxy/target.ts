/** Where a request is passed on to: the service that its `atproto-proxy` header names, or the one for its method. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'

export interface Target {
  did: string
  /** The fragment of its entry in the DID document, for example `bsky_appview`. */
  serviceId: string
  url: string
}

interface Address {
  url: string
  did: string
}

/** The services that the operator names. */
export interface DefaultServices {
  appView: Address | undefined
  moderation: Address | undefined
  report: Address | undefined
}

/** What the moderation service answers; newer methods of these names go where the header says. */
const moderationMethods = new Set(
  [
    ...names('communication', 'createTemplate deleteTemplate listTemplates updateTemplate'),
    ...names(
      'moderation',
      'cancelScheduledActions emitEvent getAccountTimeline getEvent getRecord',
    ),
    ...names('moderation', 'getRepo listScheduledActions queryEvents queryStatuses scheduleAction'),
    ...names('moderation', 'searchRepos'),
    ...names('safelink', 'addRule queryEvents queryRules removeRule updateRule'),
    ...names('team', 'addMember deleteMember listMembers updateMember'),
    ...names('verification', 'grantVerifications listVerifications revokeVerifications'),
  ].map((name) => `tools.ozone.${name}`),
)

function names(group: string, methods: string): string[] {
  return methods.split(' ').map((method) => `${group}.${method}`)
}

/** Finds the service for one call. Throws 400 where there is none. */
export type FindTarget = (nsid: string, header: string | undefined) => Promise<Target>

export function targetFinder(services: DefaultServices, resolver: DidResolver): FindTarget {
  return async (nsid, header) => {
    if (header !== undefined && header !== '') return named(header, services, resolver)
    const target = defaultTarget(nsid, services)
    if (target === undefined) throw invalidRequest(`No service configured for ${nsid}`)
    return target
  }
}

/** Whom a call is for, as `did#service`: the header as it is, or the default. Throws 400 where there is neither. */
export function audienceOf(
  services: DefaultServices,
  nsid: string,
  header: string | undefined,
): string {
  if (header) return header
  const target = defaultTarget(nsid, services)
  if (target === undefined) throw invalidRequest(`No service configured for ${nsid}`)
  return `${target.did}#${target.serviceId}`
}

function defaultTarget(
  nsid: string,
  { appView, moderation, report }: DefaultServices,
): Target | undefined {
  const isReport = nsid === 'com.atproto.moderation.createReport'
  if (!isReport && !moderationMethods.has(nsid)) {
    return appView && { did: appView.did, url: appView.url, serviceId: 'bsky_appview' }
  }
  const address = isReport ? report : moderation
  return address && { did: address.did, url: address.url, serviceId: 'atproto_labeler' }
}

async function named(
  header: string,
  { appView }: DefaultServices,
  resolver: DidResolver,
): Promise<Target> {
  const { did, serviceId } = parseHeader(header)
  if (appView !== undefined && did === appView.did && serviceId === 'bsky_appview') {
    return { did, serviceId, url: appView.url }
  }
  const document = await documentOf(did, resolver)
  if (document === undefined) throw invalidRequest('could not resolve proxy did')
  const url = serviceEndpoint(document, serviceId)
  if (url === undefined) throw invalidRequest('could not resolve proxy did service url')
  return { did, serviceId, url }
}

/** A DID and a service, with one `#` between them. */
function parseHeader(header: string): { did: string; serviceId: string } {
  const [did = '', serviceId = '', ...more] = header.split('#')
  if (did === '') throw invalidRequest('no did specified in proxy header')
  if (serviceId === '' && more.length === 0) {
    throw invalidRequest('no service id specified in proxy header')
  }
  if (more.length > 0) throw invalidRequest('invalid proxy header format')
  if (header.includes(' ')) throw invalidRequest('proxy header cannot contain spaces')
  return { did, serviceId }
}

/** A DID that cannot be resolved now is not this server's failure. */
async function documentOf(did: string, resolver: DidResolver) {
  try {
    return await resolver.resolve(did)
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    throw new XrpcError(502, 'UpstreamFailure', 'could not resolve proxy did')
  }
}

/** Finds the service for a request: the one in its `atproto-proxy` header, or the default for its method. */
import type { ServiceAddress } from '#src/config/services.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'

export interface Target {
  did: string
  /** The fragment of its entry in the DID document, for example `bsky_appview`. */
  serviceId: string
  url: string
}

export interface DefaultServices {
  appView: ServiceAddress | undefined
  moderation: ServiceAddress | undefined
  report: ServiceAddress | undefined
  /** The DID of this server, if it takes reports itself when there is no report service. */
  reportsHere?: string | undefined
}

const createReport = 'com.atproto.moderation.createReport'

/** Methods of the moderation service by default; newer tools.ozone methods need an `atproto-proxy` header. */
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

/** Whether reports that name no service stay on this server. */
export function takesReports({ report, reportsHere }: DefaultServices): boolean {
  return report === undefined && reportsHere !== undefined
}

/** Throws 400 if there is no service for the call, 502 if the DID cannot be resolved now. */
export type FindTarget = (nsid: string, header: string | undefined) => Promise<Target>

export function targetFinder(services: DefaultServices, resolver: DidResolver): FindTarget {
  return async (nsid, header) => {
    if (header !== undefined && header !== '') return targetFromHeader(header, services, resolver)
    const target = defaultTarget(nsid, services)
    if (target === undefined) throw invalidRequest(`No service configured for ${nsid}`)
    return target
  }
}

/** The audience as `did#serviceId`: the header unchanged, or the default. Throws 400 if there is neither. */
export function audienceOf(
  services: DefaultServices,
  nsid: string,
  header: string | undefined,
): string {
  if (header) return header
  if (nsid === createReport && takesReports(services)) return `${services.reportsHere}#atproto_pds`
  const target = defaultTarget(nsid, services)
  if (target === undefined) throw invalidRequest(`No service configured for ${nsid}`)
  return `${target.did}#${target.serviceId}`
}

function defaultTarget(
  nsid: string,
  { appView, moderation, report }: DefaultServices,
): Target | undefined {
  const isReport = nsid === createReport
  if (!isReport && !moderationMethods.has(nsid)) {
    return appView && { did: appView.did, url: appView.url, serviceId: 'bsky_appview' }
  }
  const address = isReport ? report : moderation
  return address && { did: address.did, url: address.url, serviceId: 'atproto_labeler' }
}

async function targetFromHeader(
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

async function documentOf(did: string, resolver: DidResolver) {
  try {
    return await resolver.resolve(did)
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    throw new XrpcError(502, 'UpstreamFailure', 'could not resolve proxy did')
  }
}

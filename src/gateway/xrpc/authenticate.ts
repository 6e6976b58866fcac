/** Verifies an Authorization header by the kind of credentials that a method requires. */
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import type { MemberAuthority } from '#src/gateway/group/member-authority.ts'
import {
  accessToken,
  bearerToken,
  parseAuthorization,
} from '#src/gateway/http/authorization-header.ts'
import type { TenantCredentials } from '#src/gateway/tenants/credentials.ts'
import { verifyTenant } from '#src/gateway/tenants/verify-tenant.ts'
import { type AdminPassword, isBasic, verifyAdmin } from '#src/gateway/xrpc/admin-auth.ts'
import type {
  AccountCaller,
  AppCaller,
  Authenticate,
  AuthRequest,
  Callers,
  ModerationCaller,
  RefreshCaller,
} from '#src/gateway/xrpc/callers.ts'
import {
  actAsHeader,
  isMemberSession,
  principalOfApp,
  verifyActAs,
  verifyMemberSession,
  verifyPrincipal,
} from '#src/gateway/xrpc/members.ts'
import { verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import {
  type TokenIssuer,
  tokenVerifier,
  type VerifiedCaller,
} from '#src/gateway/xrpc/verified-tokens.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { claimedMethod, parseServiceToken } from '#src/protocol/service-token.ts'
import { accessScopesFor, privilegedScope, verifyRefresh } from '#src/rules/session-tokens.ts'

export interface AuthPorts extends TokenIssuer, AdminPassword {
  /** DID of the moderation service; if undefined, only the admin may moderate. */
  moderationServiceDid?: string | undefined
  resolver: DidResolver
  /** Verifies OAuth access tokens; if absent, they are rejected. */
  oauth?: { authenticate(request: AuthRequest): Promise<AppCaller> }
  /** Verifies who acts as a group; if absent, no one can. */
  members?: MemberAuthority
  /** Verifies who acts for a tenant; if absent, no one can. */
  tenants?: TenantCredentials
}

type VerifyAccess = (token: string) => Promise<VerifiedCaller>

/** Kinds that also accept an OAuth access token; its scope is checked against the method's `oauth` rule. */
const oauthKinds: ReadonlySet<keyof Callers> = new Set([
  'account',
  'privileged account',
  'full account',
  'account or takendown',
  'full account or takendown',
  'account or queued',
  'account or service',
  'reader',
  'reader or takendown',
  'preferences reader',
])

const noMembers: MemberAuthority = {
  ofSession: async () => {
    throw invalidRequest('Bad token scope', 'InvalidToken')
  },
  ofCaller: async () => {
    throw invalidRequest('act-as is not supported')
  },
}

export function isDpopBound(header: string | undefined): boolean {
  return header !== undefined && /^dpop /i.test(header)
}

/**
 * The returned function throws 401 AuthMissing or AuthenticationRequired, 400 InvalidToken, and 400 ExpiredToken, on which
 * clients refresh their session.
 */
export function authenticator(ports: AuthPorts): Authenticate {
  const { oauth, members } = ports
  const verified = tokenVerifier(ports)
  const memberPorts = { ...ports, members: members ?? noMembers }
  const verify: VerifyAccess = async (token) => {
    const caller = await verified(token)
    if (!isMemberSession(caller)) return caller
    const { appPassword } = caller
    const acting = await verifyMemberSession(memberPorts, caller)
    return { ...acting, ...(appPassword !== undefined && { appPassword }) }
  }
  return async (kind, header, nsid, request) => {
    const group = actAsHeader(request)
    const appRequest = oauth !== undefined && isDpopBound(header) ? request : undefined
    if (kind === 'principal' || kind === 'full principal') {
      if (oauth !== undefined && appRequest !== undefined) {
        if (group !== undefined) throw invalidRequest('act-as demands a service token')
        return principalOfApp(await oauth.authenticate(appRequest))
      }
      const isFull = kind === 'full principal'
      return verifyPrincipal(memberPorts, verified, header, { lxm: nsid, group, isFull })
    }
    if (group !== undefined && oauthKinds.has(kind)) {
      return verifyActAs(memberPorts, group, header, nsid)
    }
    if (oauth !== undefined && appRequest !== undefined && oauthKinds.has(kind)) {
      return oauth.authenticate(appRequest)
    }
    switch (kind) {
      case 'none':
        return undefined
      case 'account':
      case 'privileged account':
      case 'full account':
      case 'account or takendown':
      case 'full account or takendown':
      case 'account or queued':
        return verifyAccount(verify, header, accessScopesFor[kind])
      case 'account or service':
        return verifyAccountOrService(ports, verify, header, nsid)
      case 'service, admin or none':
        return verifyServiceAdminOrNone(ports, header, nsid)
      case 'refresh':
        return verifyRefreshToken(ports, header, false)
      case 'expired refresh':
        return verifyRefreshToken(ports, header, true)
      case 'reader':
        return verifyReader(ports, verify, header, accessScopesFor.account)
      case 'reader or takendown':
        return verifyReader(ports, verify, header, accessScopesFor['account or takendown'])
      case 'admin':
        return verifyAdmin(ports, header)
      case 'admin or none':
        return /^basic /i.test(header ?? '') ? verifyAdmin(ports, header) : undefined
      case 'moderator':
        return verifyModerator(ports, header, nsid)
      case 'preferences reader':
        return verifyPreferencesReader(ports, verify, header, nsid)
      case 'tenant':
        return verifyTenant(ports, header, nsid, request?.header('tenant'))
      case 'admin or tenant':
        return request?.header('tenant') === undefined && isBasic(header)
          ? verifyAdmin(ports, header)
          : verifyTenant(ports, header, nsid, request?.header('tenant'))
    }
  }
}

async function verifyReader(
  ports: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  scopes: readonly string[],
): Promise<Callers['reader']> {
  const authorization = parseAuthorization(header)
  if (authorization === undefined) return undefined
  if (authorization.scheme === 'basic') return verifyAdmin(ports, header)
  return verifyAccount(verify, header, scopes)
}

async function verifyAccount(
  verify: VerifyAccess,
  header: string | undefined,
  scopes: readonly string[],
): Promise<AccountCaller> {
  const caller = await verify(accessToken(header))
  // What its role allows is checked as it is for OAuth tokens.
  const isMember = caller.actingMember !== undefined
  if (isMember && (caller.appPassword === undefined || scopes.includes(privilegedScope)))
    return caller
  if (!scopes.includes(caller.scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  return caller
}

async function verifyRefreshToken(
  { serviceDid, jwtSecret, clock }: AuthPorts,
  header: string | undefined,
  allowExpired: boolean,
): Promise<RefreshCaller> {
  const options = { secret: jwtSecret, audience: serviceDid, now: clock.now(), allowExpired }
  const { did, jti } = await verifyRefresh(bearerToken(header), options)
  return { did, tokenId: jti }
}

async function verifyServiceAdminOrNone(
  ports: AuthPorts,
  header: string | undefined,
  lxm: string,
): Promise<Callers['service, admin or none']> {
  if (!header) return undefined
  const { serviceDid: aud, resolver, clock } = ports
  const scheme = parseAuthorization(header)?.scheme
  if (scheme === 'basic') return verifyAdmin(ports, header)
  if (scheme !== 'bearer') throw authRequired('Invalid authorization header')
  const { iss } = await verifyServiceAuth(bearerToken(header), { aud, lxm }, resolver, clock.now())
  return { did: iss }
}

/** A token with an `lxm` claim is a service token, whose issuer is the account; session tokens have none. */
async function verifyAccountOrService(
  { serviceDid: aud, resolver, clock }: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  lxm: string,
): Promise<Callers['account or service']> {
  const authorization = parseAuthorization(header)
  const token = authorization?.scheme === 'bearer' ? authorization.credentials : ''
  if (claimedMethod(token) === undefined)
    return verifyAccount(verify, header, accessScopesFor.account)
  const iss = parseServiceToken(token)?.claims.iss ?? ''
  const options = { aud, lxm, iss: [iss.split('#', 1)[0]!] }
  await verifyServiceAuth(bearerToken(header), options, resolver, clock.now())
  return { did: iss }
}

/** A bearer token must be the moderation service's (else 401 UntrustedIss); otherwise the admin. */
async function verifyModerator(
  ports: AuthPorts,
  header: string | undefined,
  nsid: string,
): Promise<Callers['moderator']> {
  if (parseAuthorization(header)?.scheme !== 'bearer') return verifyAdmin(ports, header)
  return verifyModerationService(ports, header, nsid)
}

/** The moderation service's token if the `lxm` claim names the method; else an access token. */
async function verifyPreferencesReader(
  ports: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  nsid: string,
): Promise<Callers['preferences reader']> {
  const token = parseServiceToken(header?.slice(7).trim() ?? '')
  const isService = ports.moderationServiceDid !== undefined && token?.claims.lxm === nsid
  const asAccount = () => verifyAccount(verify, header, accessScopesFor['account or takendown'])
  if (header === undefined || !isService) return asAccount()
  return verifyModerationService(ports, header, nsid).catch((error: unknown) => {
    if (error instanceof XrpcError && error.status === 401) return asAccount()
    throw error
  })
}

async function verifyModerationService(
  { moderationServiceDid: did, serviceDid: aud, resolver, clock }: AuthPorts,
  header: string | undefined,
  lxm: string,
): Promise<ModerationCaller> {
  if (did === undefined) throw authRequired('Untrusted issuer', 'UntrustedIss')
  const options = { aud, lxm, iss: [did, `${did}#atproto_labeler`] }
  const { iss } = await verifyServiceAuth(bearerToken(header), options, resolver, clock.now())
  return { moderationService: iss }
}

/** From an Authorization header to the caller it proves, by the kind of credentials a method asks for. */
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import {
  accessToken,
  basicCredentials,
  bearerToken,
  parseAuthorization,
} from '#src/gateway/http/authorization-header.ts'
import type {
  AccountCaller,
  AdminCaller,
  AppCaller,
  Authenticate,
  AuthRequest,
  Callers,
  ModerationCaller,
  RefreshCaller,
} from '#src/gateway/xrpc/callers.ts'
import { verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import { type TokenIssuer, tokenVerifier } from '#src/gateway/xrpc/verified-tokens.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'
import { claimedMethod, parseServiceToken } from '#src/protocol/service-token.ts'
import { accessScopesFor, verifyRefresh } from '#src/rules/session-tokens.ts'

export interface AuthPorts extends TokenIssuer {
  /** Without one nobody is admin. */
  adminPassword: string | undefined
  /** DID of the service whose tokens moderate; without one the admin alone does. */
  moderationServiceDid?: string | undefined
  /** Where issuers of service tokens are looked up. */
  resolver: DidResolver
  /** Apps that show a token of their own; without it none is believed. */
  oauth?: { authenticate(request: AuthRequest): Promise<AppCaller> }
}

type VerifyAccess = (token: string) => AccountCaller

/** Where an app may come with a token of its own; what it may then do, each method says. */
const ofApps: ReadonlySet<keyof Callers> = new Set([
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

/** Whether a token is shown that is bound to a key. */
export function isDpopBound(header: string | undefined): boolean {
  return header !== undefined && /^dpop /i.test(header)
}

/**
 * Makes the check of credentials. Throws 401 AuthMissing or AuthenticationRequired, 400 InvalidToken, and 400
 * ExpiredToken, on which clients refresh their session.
 */
export function authenticator(authority: AuthPorts): Authenticate {
  const verify = tokenVerifier(authority)
  const { oauth } = authority
  return (kind, header, nsid, request) => {
    if (oauth !== undefined && request !== undefined && isDpopBound(header) && ofApps.has(kind)) {
      return oauth.authenticate(request)
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
        return account(verify, header, accessScopesFor[kind])
      case 'account or service':
        return accountOrService(authority, verify, header, nsid)
      case 'arrival':
        return arrival(authority, header, nsid)
      case 'refresh':
        return refresh(authority, header, false)
      case 'expired refresh':
        return refresh(authority, header, true)
      case 'reader':
        return reader(authority, verify, header, accessScopesFor.account)
      case 'reader or takendown':
        return reader(authority, verify, header, accessScopesFor['account or takendown'])
      case 'admin':
        return verifyAdmin(authority, header)
      case 'moderator':
        return moderator(authority, header, nsid)
      case 'preferences reader':
        return preferencesReader(authority, verify, header, nsid)
    }
  }
}

function reader(
  authority: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  scopes: readonly string[],
): Callers['reader'] {
  const shown = parseAuthorization(header)
  if (shown === undefined) return undefined
  if (shown.scheme === 'basic') return verifyAdmin(authority, header)
  return account(verify, header, scopes)
}

function account(
  verify: VerifyAccess,
  header: string | undefined,
  scopes: readonly string[],
): AccountCaller {
  const caller = verify(accessToken(header))
  if (!scopes.includes(caller.scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  return caller
}

function refresh(
  { serviceDid, jwtSecret, clock }: AuthPorts,
  header: string | undefined,
  allowExpired: boolean,
): RefreshCaller {
  const terms = { secret: jwtSecret, audience: serviceDid, now: clock.now(), allowExpired }
  const { did, jti } = verifyRefresh(bearerToken(header), terms)
  return { did, tokenId: jti }
}

/** Without a header nobody in particular; 401 as `verifyServiceAuth` says for any that is no service token. */
function arrival(
  { serviceDid: aud, resolver, clock }: AuthPorts,
  header: string | undefined,
  lxm: string,
): undefined | Promise<Callers['arrival']> {
  if (!header) return undefined
  if (parseAuthorization(header)?.scheme !== 'bearer') {
    throw authRequired('Invalid authorization header')
  }
  return verifyServiceAuth(bearerToken(header), { aud, lxm }, resolver, clock.now()).then(
    ({ iss }) => ({ did: iss }),
  )
}

/** A token that names a method is no session's: then its issuer is the account. */
function accountOrService(
  { serviceDid: aud, resolver, clock }: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  lxm: string,
): Callers['account or service'] | Promise<Callers['account or service']> {
  const shown = parseAuthorization(header)
  const token = shown?.scheme === 'bearer' ? shown.credentials : ''
  if (claimedMethod(token) === undefined) return account(verify, header, accessScopesFor.account)
  const iss = parseServiceToken(token)?.claims.iss ?? ''
  const terms = { aud, lxm, iss: [iss.split('#', 1)[0]!] }
  return verifyServiceAuth(bearerToken(header), terms, resolver, clock.now()).then(() => ({
    did: iss,
  }))
}

/** The moderation service with a bearer token of its own (401 UntrustedIss for all others), or the admin. */
function moderator(
  authority: AuthPorts,
  header: string | undefined,
  nsid: string,
): Callers['moderator'] | Promise<Callers['moderator']> {
  if (parseAuthorization(header)?.scheme !== 'bearer') return verifyAdmin(authority, header)
  return moderationService(authority, header, nsid)
}

/** A token that names a method is no session's. */
function preferencesReader(
  authority: AuthPorts,
  verify: VerifyAccess,
  header: string | undefined,
  nsid: string,
): Callers['preferences reader'] | Promise<Callers['preferences reader']> {
  const token = parseServiceToken(header?.slice(7).trim() ?? '')
  const isService = authority.moderationServiceDid !== undefined && token?.claims.lxm === nsid
  const asAccount = () => account(verify, header, accessScopesFor['account or takendown'])
  if (header === undefined || !isService) return asAccount()
  return moderationService(authority, header, nsid).catch((error: unknown) => {
    if (error instanceof XrpcError && error.status === 401) return asAccount()
    throw error
  })
}

async function moderationService(
  { moderationServiceDid: did, serviceDid: aud, resolver, clock }: AuthPorts,
  header: string | undefined,
  lxm: string,
): Promise<ModerationCaller> {
  if (did === undefined) throw authRequired('Untrusted issuer', 'UntrustedIss')
  const terms = { aud, lxm, iss: [did, `${did}#atproto_labeler`] }
  const { iss } = await verifyServiceAuth(bearerToken(header), terms, resolver, clock.now())
  return { moderationService: iss }
}

/** HTTP Basic with the user `admin`; throws 401. */
export function verifyAdmin(
  { adminPassword }: Pick<AuthPorts, 'adminPassword'>,
  header: string | undefined,
): AdminCaller {
  const { user, password } = basicCredentials(header) ?? { user: '', password: '' }
  const isAdmin =
    adminPassword !== undefined && user === 'admin' && equalSecrets(password, adminPassword)
  if (!isAdmin) throw authRequired('Authentication Required')
  return { admin: true }
}

/** From an Authorization header to the caller it proves, by the kind of credentials a method asks for. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { authRequired, invalidRequest } from '#src/errors.ts'
import { type TokenIssuer, tokenVerifier } from '#src/gateway/believed-tokens.ts'
import { takendownScope, verifyRefresh } from '#src/sessions/tokens.ts'
import type { AccountCaller, AdminCaller, Callers, RefreshCaller } from '#src/xrpc/method.ts'

export interface Authority extends TokenIssuer {
  /** Without one nobody is admin. */
  adminPassword: string | undefined
}

export type Authenticate = (
  kind: keyof Callers,
  header: string | undefined,
) => Callers[keyof Callers]

type VerifyAccess = (token: string) => AccountCaller

/** What every account may use: the token of a log-in, or of an app password. */
const standardScopes = [
  'com.atproto.access',
  'com.atproto.appPass',
  'com.atproto.appPassPrivileged',
]

/**
 * Makes the check of credentials. Throws 401 AuthMissing or AuthenticationRequired, 400 InvalidToken, and 400
 * ExpiredToken, on which clients refresh their session.
 */
export function authenticator(authority: Authority): Authenticate {
  const verify = tokenVerifier(authority)
  return (kind, header) => {
    switch (kind) {
      case 'none':
        return undefined
      case 'account':
        return account(verify, header, standardScopes)
      case 'refresh':
        return refresh(authority, header, false)
      case 'expired refresh':
        return refresh(authority, header, true)
      case 'reader':
        return reader(authority, verify, header)
      case 'admin':
        return admin(authority, header)
    }
  }
}

function reader(
  authority: Authority,
  verify: VerifyAccess,
  header: string | undefined,
): Callers['reader'] {
  if (header === undefined) return undefined
  const type = typeOf(header)
  if (type === 'bearer') return account(verify, header, [...standardScopes, takendownScope])
  if (type === 'basic') return admin(authority, header)
  throw authRequired('Invalid authorization header')
}

function account(
  verify: VerifyAccess,
  header: string | undefined,
  scopes: readonly string[],
): AccountCaller {
  const caller = verify(bearerToken(header))
  if (!scopes.includes(caller.scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  return caller
}

function refresh(
  { serviceDid, jwtSecret, clock }: Authority,
  header: string | undefined,
  allowExpired: boolean,
): RefreshCaller {
  const terms = { secret: jwtSecret, audience: serviceDid, now: clock.now(), allowExpired }
  const { did, jti } = verifyRefresh(bearerToken(header), terms)
  return { did, tokenId: jti }
}

/** HTTP Basic with the user `admin`; throws 401. */
export function admin(
  { adminPassword }: Pick<Authority, 'adminPassword'>,
  header: string | undefined,
): AdminCaller {
  const given = header !== undefined && typeOf(header) === 'basic' ? header.slice(6).trim() : ''
  const wanted = Buffer.from(`admin:${adminPassword}`).toString('base64')
  if (adminPassword === undefined || !isSame(given, wanted)) {
    throw authRequired('Authentication Required')
  }
  return { admin: true }
}

/** In a time that tells nothing of either. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function bearerToken(header: string | undefined): string {
  if (header === undefined) throw authRequired('Authentication Required', 'AuthMissing')
  if (typeOf(header) !== 'bearer') {
    throw invalidRequest('Unexpected authorization type', 'InvalidToken')
  }
  const token = header.slice(7).trim()
  if (token === '') throw authRequired('Authentication Required', 'AuthMissing')
  return token
}

function typeOf(header: string): string {
  return header.split(' ', 1)[0]!.toLowerCase()
}

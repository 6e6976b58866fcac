/** The access and refresh token of a session: their claims, how they are issued, and how they are verified. */
import { randomBytes } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import { signToken, verifyToken } from '#src/protocol/session-token.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const accessLifetime = 120 * minute
export const refreshLifetime = 90 * day
/** How long a refresh token remains valid after its first use, so that a lost answer does not end the session. */
export const refreshGrace = 2 * hour

export const accessScope = 'com.atproto.access'
export const refreshScope = 'com.atproto.refresh'
export const appPasswordScope = 'com.atproto.appPass'
export const privilegedScope = 'com.atproto.appPassPrivileged'
export const takendownScope = 'com.atproto.takendown'
const queuedScope = 'com.atproto.signupQueued'

const full = [accessScope]
const privileged = [...full, privilegedScope]
const standard = [...privileged, appPasswordScope]

/** The access token scopes that each kind of caller may use (`Callers` of gateway/xrpc/callers.ts). */
export const accessScopesFor = {
  account: standard,
  'privileged account': privileged,
  'full account': full,
  'account or takendown': [...standard, takendownScope],
  'full account or takendown': [...full, takendownScope],
  'account or queued': [...standard, queuedScope],
} as const satisfies Record<string, readonly string[]>

const accessScopes: readonly string[] = [...standard, takendownScope, queuedScope]

/** What tokens are issued and verified with. `now` is in milliseconds since 1970. */
export interface TokenContext {
  secret: Uint8Array
  audience: string
  now: number
}

export interface SessionTokens {
  accessJwt: string
  refreshJwt: string
}

/** A new refresh token id: 32 random bytes in base64 without padding. */
export function newTokenId(): string {
  return randomBytes(32).toString('base64').slice(0, 43)
}

/** Issues an access token (120 minutes) and a refresh token (90 days) with the id `tokenId`. */
export function issueTokens(
  session: { did: string; tokenId: string; scope?: string },
  { secret, audience, now }: TokenContext,
): SessionTokens {
  const { did, tokenId, scope = accessScope } = session
  const iat = Math.floor(now / 1000)
  const base = { aud: audience, sub: did, iat }
  const access = { scope, ...base, exp: iat + accessLifetime / 1000 }
  const refresh = { scope: refreshScope, ...base, jti: tokenId, exp: iat + refreshLifetime / 1000 }
  return {
    accessJwt: signToken('at+jwt', access, secret),
    refreshJwt: signToken('refresh+jwt', refresh, secret),
  }
}

/**
 * Verifies an access token. Throws 400 `InvalidToken` or `ExpiredToken` (clients refresh on the latter). The scope is
 * one of `com.atproto.{access,appPass,appPassPrivileged,takendown,signupQueued}`.
 */
export function verifyAccess(token: string, context: TokenContext): { did: string; scope: string } {
  const { did, scope, claims } = verify(token, 'at+jwt', context)
  mustNotBeExpired(claims, context.now)
  if (!accessScopes.includes(scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  return { did, scope }
}

/**
 * Verifies a refresh token. Throws as `verifyAccess`; `allowExpired` is for deleteSession. Does not check whether the
 * token was revoked, which only the account knows.
 */
export function verifyRefresh(
  token: string,
  { allowExpired = false, ...context }: TokenContext & { allowExpired?: boolean },
): { did: string; jti: string; expiresAt: number } {
  const { did, scope, claims } = verify(token, 'refresh+jwt', context)
  const expiresAt = allowExpired ? expiry(claims) : mustNotBeExpired(claims, context.now)
  if (scope !== refreshScope) throw invalidRequest('Bad token scope', 'InvalidToken')
  if (typeof claims['jti'] !== 'string') throw malformed()
  return { did, jti: claims['jti'], expiresAt }
}

function verify(token: string, typ: string, { secret, audience }: TokenContext) {
  const verified = verifyToken(token, secret)
  if (verified?.typ !== typ || verified.claims['aud'] !== audience) {
    throw invalidRequest('Token could not be verified', 'InvalidToken')
  }
  const { claims } = verified
  const { sub: did, scope } = claims
  if (typeof did !== 'string' || !did.startsWith('did:')) throw malformed()
  if (typeof scope !== 'string' || 'cnf' in claims || 'lxm' in claims) throw malformed()
  return { did, scope, claims }
}

function expiry(claims: Record<string, unknown>): number {
  if (typeof claims['exp'] !== 'number') throw malformed()
  return claims['exp'] * 1000
}

function mustNotBeExpired(claims: Record<string, unknown>, now: number): number {
  const expiresAt = expiry(claims)
  if (expiresAt <= now) throw invalidRequest('Token has expired', 'ExpiredToken')
  return expiresAt
}

function malformed() {
  return invalidRequest('Malformed token', 'InvalidToken')
}

/** The access and refresh token of a session: their claims, how they are issued, and how they are verified. */
import { createHash, randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { JWTExpired } from 'jose/errors'
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'
import { invalidRequest } from '#src/errors.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

export const ACCESS_LIFETIME_MS = 120 * MINUTE_MS
export const REFRESH_LIFETIME_MS = 90 * DAY_MS
/** How long a refresh token remains valid after its first use, so that a lost answer does not end the session. */
export const REFRESH_GRACE_MS = 2 * HOUR_MS

export const accessScope = 'com.atproto.access'
export const refreshScope = 'com.atproto.refresh'
export const appPasswordScope = 'com.atproto.appPass'
export const privilegedScope = 'com.atproto.appPassPrivileged'
export const takendownScope = 'com.atproto.takendown'
const queuedScope = 'com.atproto.signupQueued'
/** Of a member's session as a group: what it may do depends on the member's role, so it is of no use by itself. */
export const memberScope = 'dev.headwater.group.member'

/** In the claim `amr` of a service token: it must not be good for more than the account of the app that it was issued to. */
export const LIMITED = 'app'

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

export function isPrivilegedScope(scope: string): boolean {
  return privileged.includes(scope)
}

const accessScopes: readonly string[] = [...standard, takendownScope, queuedScope, memberScope]

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

/** The same for each repetition of a call. */
export function tokenIdOf({ id }: IdempotencyKey): string {
  return createHash('sha256').update(`session ${id}`).digest('base64').slice(0, 43)
}

/** The id of the session that began with this refresh token. The same for all its tokens, and of no use by itself. */
export function sessionIdOf(firstTokenId: string): string {
  return shortHash(firstTokenId)
}

/** By this an access token says which app password it is of: names may be long, and are nobody else's business. */
export function appPasswordIdOf(name: string): string {
  return shortHash(name)
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/**
 * Issues an access token (120 minutes) and a refresh token (90 days) with the id `tokenId`. Without a `sessionId` it is
 * the first of its session.
 */
export async function issueTokens(
  session: {
    did: string
    tokenId: string
    scope?: string
    sessionId?: string | undefined
    appPasswordName?: string | undefined
    /** The member that acts as the account; then the scope is `memberScope`. */
    member?: string | undefined
  },
  { secret, audience, now }: TokenContext,
): Promise<SessionTokens> {
  const { did, tokenId, appPasswordName, member } = session
  const scope = member === undefined ? (session.scope ?? accessScope) : memberScope
  const { sessionId: sid = sessionIdOf(tokenId) } = session
  const iat = Math.floor(now / 1000)
  const base = { aud: audience, sub: did, iat }
  const access = {
    scope,
    ...base,
    exp: iat + ACCESS_LIFETIME_MS / 1000,
    sid,
    ...(appPasswordName !== undefined && { apw: appPasswordIdOf(appPasswordName) }),
    ...(member !== undefined && { act: { sub: member } }),
  }
  const refresh = {
    scope: refreshScope,
    ...base,
    jti: tokenId,
    exp: iat + REFRESH_LIFETIME_MS / 1000,
  }
  return {
    accessJwt: await sign('at+jwt', access, secret),
    refreshJwt: await sign('refresh+jwt', refresh, secret),
  }
}

function sign(typ: string, claims: JWTPayload, secret: Uint8Array): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ typ, alg: 'HS256' }).sign(secret)
}

/** What an access token says. `sessionId` is absent in tokens of releases before 5. */
export interface AccessToken {
  did: string
  scope: string
  expiresAt: number
  sessionId?: string
  /** As `appPasswordIdOf`. */
  appPassword?: string
  /** The DID of the member that acts as the account. */
  member?: string
}

/**
 * Verifies an access token. Throws 400 `InvalidToken` or `ExpiredToken` (clients refresh on the latter). The scope is
 * one of `com.atproto.{access,appPass,appPassPrivileged,takendown,signupQueued}`; `expiresAt` is in milliseconds since
 * 1970.
 */
export async function verifyAccess(token: string, context: TokenContext): Promise<AccessToken> {
  const { did, scope, expiresAt, sid, apw, act } = await verify(token, 'at+jwt', context)
  if (!accessScopes.includes(scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  const member = (act as { sub?: unknown } | undefined)?.sub
  if ((scope === memberScope) !== (typeof member === 'string')) throw malformed()
  return {
    ...{ did, scope, expiresAt },
    ...(typeof sid === 'string' && { sessionId: sid }),
    ...(typeof apw === 'string' && { appPassword: apw }),
    ...(typeof member === 'string' && { member }),
  }
}

/**
 * Verifies a refresh token. Throws as `verifyAccess`; `allowExpired` is for deleteSession. Does not check whether the
 * token was revoked, which only the account knows.
 */
export async function verifyRefresh(
  token: string,
  context: TokenContext & { allowExpired?: boolean },
): Promise<{ did: string; jti: string; expiresAt: number }> {
  const { did, scope, jti, expiresAt } = await verify(token, 'refresh+jwt', context)
  if (scope !== refreshScope) throw invalidRequest('Bad token scope', 'InvalidToken')
  if (typeof jti !== 'string') throw malformed()
  return { did, jti, expiresAt }
}

async function verify(
  token: string,
  typ: string,
  { secret, audience, now, allowExpired = false }: TokenContext & { allowExpired?: boolean },
) {
  const options = {
    ...{ algorithms: ['HS256'], typ, audience, currentDate: new Date(now) },
    ...(allowExpired && { clockTolerance: Number.POSITIVE_INFINITY }),
  }
  const { payload } = await jwtVerify(token, secret, options).catch((error: unknown) => {
    if (error instanceof JWTExpired) throw invalidRequest('Token has expired', 'ExpiredToken')
    throw invalidRequest('Token could not be verified', 'InvalidToken')
  })
  const { sub: did, exp, jti, scope, sid, apw, act } = payload
  if (typeof did !== 'string' || !did.startsWith('did:')) throw malformed()
  // A number that is too large for JSON is read as Infinity, which is never over.
  if (exp === undefined || !Number.isSafeInteger(exp)) throw malformed()
  if (typeof scope !== 'string' || 'cnf' in payload || 'lxm' in payload) throw malformed()
  return { did, scope, jti, expiresAt: exp * 1000, sid, apw, act }
}

function malformed() {
  return invalidRequest('Malformed token', 'InvalidToken')
}

/** Checks an OAuth access token for each request, in memory after the first. */
import type { Account } from '#src/account/account.ts'
import { authRequired } from '#src/errors.ts'
import { DPOP_PROOF_LIFETIME_MS, RecentlySeen } from '#src/rules/recently-seen.ts'
import { may } from '#src/rules/states.ts'

export interface PresentedToken {
  id: string
  /** Thumbprint of the DPoP key, which the token must be bound to. */
  jkt: string
  /** `jti` of the DPoP proof; accepted once. */
  proof: string
  /** The same for a retry of one call, so that the retry gets the same result. */
  attempt: string
}

export type Refusal = 'unknown' | 'expired' | 'replayed'

interface CachedToken {
  jkt: string | undefined
  scope: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

interface TokenCache {
  tokens: Map<string, CachedToken>
  proofs: RecentlySeen
}

const MAX_TOKENS = 1000

const caches = new WeakMap<Account, TokenCache>()

/** The token's scope, or why the token is refused. Throws 401 AccountTakedown. */
export async function checkAccessToken(
  account: Account,
  presented: PresentedToken,
): Promise<{ scope: string; expiresAt: number } | { refusal: Refusal }> {
  const cache = cacheOf(account)
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') return { refusal: 'unknown' }
  if (!may('manage', row.status)) {
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const token = cache.tokens.get(presented.id) ?? (await load(account, cache, presented.id))
  if (token === undefined || token.jkt !== presented.jkt) return { refusal: 'unknown' }
  const now = account.clock.now()
  if (token.expiresAt <= now) return { refusal: 'expired' }
  if (!cache.proofs.isNew(presented.proof, now, presented.attempt)) return { refusal: 'replayed' }
  return { scope: token.scope, expiresAt: token.expiresAt }
}

/** Call whenever tokens were changed or revoked. */
export function clearTokenCache(account: Account): void {
  cacheOf(account).tokens = new Map()
}

async function load(
  account: Account,
  cache: TokenCache,
  id: string,
): Promise<CachedToken | undefined> {
  const { tokens } = cache
  const row = await account.sql.first<{ data: string; expiresAt: number }>(
    `SELECT data, expires_at AS expiresAt FROM oauth WHERE kind = 'token' AND id = ?`,
    id,
  )
  if (row === undefined) return undefined
  const { scope, parameters } = JSON.parse(row.data) as {
    scope: string | null
    parameters: { dpop_jkt?: string; scope?: string }
  }
  const token = {
    jkt: parameters.dpop_jkt,
    scope: scope ?? parameters.scope ?? '',
    expiresAt: row.expiresAt,
  }
  // If tokens have changed during the read, this is the map that was replaced.
  tokens.set(id, token)
  const [oldest] = tokens.keys()
  if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
  return token
}

function cacheOf(account: Account): TokenCache {
  const known = caches.get(account)
  if (known !== undefined) return known
  const cache = {
    tokens: new Map<string, CachedToken>(),
    proofs: new RecentlySeen(DPOP_PROOF_LIFETIME_MS),
  }
  caches.set(account, cache)
  return cache
}

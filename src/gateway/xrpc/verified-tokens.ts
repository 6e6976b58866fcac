/** A cache of verified access tokens: a client sends the same one for two hours. */

import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { verifyAccess } from '#src/rules/session-tokens.ts'

/** With a `member` it is the session of that member as a group, and its scope says nothing about what it may do. */
export type VerifiedCaller = AccountCaller & { member?: string }

export interface TokenIssuer {
  serviceDid: string
  jwtSecret: Uint8Array
  clock: Clock
}

const MAX_CACHED_TOKENS = 10_000

/** Verifies access tokens as `verifyAccess` does, and caches the last `maxCached`. */
export function tokenVerifier(
  { serviceDid, jwtSecret, clock }: TokenIssuer,
  maxCached = MAX_CACHED_TOKENS,
): (token: string) => Promise<VerifiedCaller> {
  const verified = new BoundedMap<string, VerifiedCaller & { expiresAt: number }>(maxCached)

  return async (token) => {
    const now = clock.now()
    const cached = verified.get(token)
    if (cached !== undefined && now < cached.expiresAt) return cached
    const context = { secret: jwtSecret, audience: serviceDid, now }
    const caller = await verifyAccess(token, context)
    verified.set(token, caller)
    return caller
  }
}

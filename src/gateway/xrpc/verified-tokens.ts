/** Access tokens that were verified already: a client sends the same one for two hours. */

import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { verifyToken } from '#src/protocol/session-token.ts'
import { verifyAccess } from '#src/rules/session-tokens.ts'

interface Verified {
  caller: AccountCaller
  /** Milliseconds since 1970. */
  expiresAt: number
}

export interface TokenIssuer {
  serviceDid: string
  jwtSecret: Uint8Array
  clock: Clock
}

const MAX_VERIFIED = 10_000

/** Verifies access tokens as `verifyAccess` does, each of the `max` seen last only once. */
export function tokenVerifier(
  { serviceDid, jwtSecret, clock }: TokenIssuer,
  max = MAX_VERIFIED,
): (token: string) => AccountCaller {
  const verified = new BoundedMap<string, Verified>(max)

  function remember(token: string, caller: AccountCaller): void {
    const expiresAt = Number(verifyToken(token, jwtSecret)?.claims['exp']) * 1000
    verified.set(token, { caller, expiresAt })
  }

  return (token) => {
    const now = clock.now()
    const known = verified.get(token)
    if (known !== undefined && now < known.expiresAt) return known.caller
    const caller = verifyAccess(token, { secret: jwtSecret, audience: serviceDid, now })
    remember(token, caller)
    return caller
  }
}

/** Access tokens that were verified already: a client sends the same one for two hours. */

import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import type { Clock } from '#src/ports/clock.ts'
import { verifyToken } from '#src/protocol/session-token.ts'
import { verifyAccess } from '#src/rules/session-tokens.ts'

interface Believed {
  caller: AccountCaller
  /** Milliseconds since 1970. */
  expiresAt: number
}

export interface TokenIssuer {
  serviceDid: string
  jwtSecret: Uint8Array
  clock: Clock
}

const MOST_REMEMBERED = 10_000

/** Verifies access tokens as `verifyAccess` does, each of the `most` seen last only once. */
export function tokenVerifier(
  { serviceDid, jwtSecret, clock }: TokenIssuer,
  most = MOST_REMEMBERED,
): (token: string) => AccountCaller {
  const believed = new Map<string, Believed>()

  function remember(token: string, caller: AccountCaller): void {
    const expiresAt = Number(verifyToken(token, jwtSecret)?.claims['exp']) * 1000
    believed.delete(token)
    believed.set(token, { caller, expiresAt })
    const [oldest] = believed.keys()
    if (believed.size > most && oldest !== undefined) believed.delete(oldest)
  }

  return (token) => {
    const now = clock.now()
    const known = believed.get(token)
    if (known !== undefined && now < known.expiresAt) return known.caller
    const caller = verifyAccess(token, { secret: jwtSecret, audience: serviceDid, now })
    remember(token, caller)
    return caller
  }
}

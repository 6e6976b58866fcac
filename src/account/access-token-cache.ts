/** The account's OAuth access tokens, as its requests present them: every request asks, so they are kept in memory. */
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { DPOP_PROOF_LIFETIME_MS, RecentlySeen } from '#src/rules/recently-seen.ts'

export interface CachedAccessToken {
  jkt: string | undefined
  scope: string
  /** The id of the grant's first token. */
  session: string
  clientId: string
  member: string | undefined
  expiresAt: number
}

const MAX_TOKENS = 1000

export class AccessTokenCache {
  /** By token id. A read that began before `clear` must put its result into the map that it began with. */
  tokens = new BoundedMap<string, CachedAccessToken>(MAX_TOKENS)
  readonly proofs = new RecentlySeen(DPOP_PROOF_LIFETIME_MS)

  clear(): void {
    this.tokens = new BoundedMap(MAX_TOKENS)
  }
}

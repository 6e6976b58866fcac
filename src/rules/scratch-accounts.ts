/**
 * Accounts into which drills restore archives. They are known to no directory, emit no events, and are emptied
 * afterwards; the top-level domain `invalid` makes sure that no DID is like theirs (RFC 6761).
 */

/** So that few databases are left. */
const COUNT = 64

/** `n` is any integer from 0. */
export function scratchAccount(n: number): string {
  return `did:web:scratch-${n % COUNT}.invalid`
}

export function isScratchAccount(did: string): boolean {
  return /^did:web:scratch-\d+\.invalid$/.test(did)
}

/**
 * Remembers what was seen within a time window, in two generations of which the older one is dropped when its window
 * ends.
 */
import { createHash } from 'node:crypto'

// Above this size a generation ends early, and old entries are dropped before their time.
const MAX_PER_GENERATION = 200_000

/** Longer names are refused, not shortened: real ones have some 30 characters. */
export const MAX_PROOF_ID_LENGTH = 256

/** A DPoP proof is valid for three minutes after its nonce was issued, and a tenth more for safety. */
export const DPOP_PROOF_LIFETIME_MS = 198_000

export class RecentlySeen {
  readonly #windowMs: number
  #young = new Map<string, string>()
  #old = new Map<string, string>()
  #turnsAt = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Adds an entry. Returns true if it is new in the window, or if the same non-empty `attempt` added it. */
  isNew(name: string, now: number, attempt = ''): boolean {
    if (now >= this.#turnsAt || this.#young.size >= MAX_PER_GENERATION) this.#turn(now)
    const key = keyOf(name)
    const addedBy = this.#young.get(key) ?? this.#old.get(key)
    if (addedBy !== undefined) return addedBy !== '' && addedBy === attempt
    this.#young.set(key, attempt)
    return true
  }

  #turn(now: number): void {
    // After a long pause the younger generation has expired too.
    this.#old = now < this.#turnsAt + this.#windowMs ? this.#young : new Map()
    this.#young = new Map()
    this.#turnsAt = now + this.#windowMs
  }
}

/** 16 bytes, whatever the length of the name, which clients choose. */
function keyOf(name: string): string {
  return createHash('sha256').update(name).digest().toString('latin1', 0, 16)
}

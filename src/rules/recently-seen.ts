/** What was seen within a time, in memory: two generations, of which the older one is dropped when its time is over. */

/** Per generation; whoever shows more than this many only has old ones forgotten sooner. */
const MAX_PER_GENERATION = 200_000

/** A DPoP proof is good for three minutes after its nonce was given out, and a tenth more for safety. */
export const DPOP_PROOF_LIFETIME_MS = 198_000

export class RecentlySeen {
  readonly #windowMs: number
  #young = new Map<string, string>()
  #old = new Map<string, string>()
  #turnsAt = 0

  /** Whatever is seen is remembered for at least `windowMs`. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Whether it has not been seen in this time, but by the same `attempt`; from now on it has. */
  isNew(name: string, now: number, attempt = ''): boolean {
    if (now >= this.#turnsAt || this.#young.size >= MAX_PER_GENERATION) this.#turn(now)
    const seenBy = this.#young.get(name) ?? this.#old.get(name)
    if (seenBy !== undefined) return seenBy !== '' && seenBy === attempt
    this.#young.set(name, attempt)
    return true
  }

  #turn(now: number): void {
    // After a long silence the younger ones are too old as well.
    this.#old = now < this.#turnsAt + this.#windowMs ? this.#young : new Map()
    this.#young = new Map()
    this.#turnsAt = now + this.#windowMs
  }
}

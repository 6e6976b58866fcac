/** How much of a shard's room one address takes: what it added lately, in memory. */
import { tooManyRequests } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** More than a shard has rows. */
const MAX_ADDRESSES = 10_000

export class AddressShare {
  readonly #max: number
  readonly #windowMs: number
  readonly #added = new BoundedMap<string, { count: number; until: number }>(MAX_ADDRESSES)

  /** Rows of an address in `windowMs`, which is as long as a row stays. */
  constructor(max: number, windowMs: number) {
    this.#max = max
    this.#windowMs = windowMs
  }

  /** Counts one more row; nothing for an address that has no limit, which is undefined. Throws 429 with Retry-After. */
  add(address: string | undefined, now: number): void {
    if (address === undefined) return
    const known = this.#added.get(address)
    const { count, until } =
      known !== undefined && known.until > now ? known : { count: 0, until: now + this.#windowMs }
    if (count >= this.#max) throw tooManyRequests(until - now)
    this.#added.set(address, { count: count + 1, until })
  }
}

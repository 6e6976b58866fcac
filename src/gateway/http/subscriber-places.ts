/** Bounds how many subscribers one client address may have at an endpoint. */
import { tooMany } from '#src/gateway/http/address-limits.ts'
import { isInRanges } from '#src/gateway/http/client-address.ts'
import { OpenByAddress } from '#src/gateway/http/open-by-address.ts'

export interface SubscriberBounds {
  /** Of one address. */
  maxSubscribers: number
  /** Addresses and ranges that may have any number of subscribers. */
  exempt: readonly string[]
  onRefused?(limit: string): void
}

export class SubscriberPlaces {
  readonly #bounds: SubscriberBounds
  readonly #isExempt: (address: string) => boolean
  readonly #byAddress = new OpenByAddress()

  constructor(bounds: SubscriberBounds) {
    this.#bounds = bounds
    this.#isExempt = isInRanges(bounds.exempt)
  }

  /** The returned function gives the place back; calling it again does nothing. Throws 429 RateLimitExceeded. */
  take(address: string): () => void {
    const { maxSubscribers, onRefused } = this.#bounds
    if (this.#byAddress.count(address) < maxSubscribers || this.#isExempt(address)) {
      return this.#byAddress.add(address)
    }
    onRefused?.('subscribers')
    throw tooMany('subscribers')
  }
}

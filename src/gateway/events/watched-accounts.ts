/** Bounds how many accounts the filters of subscribers name: each takes some 200 bytes. */
import { unavailable } from '#src/errors.ts'
import type { EventFilter } from '#src/gateway/events/filter.ts'

export interface WatchedAccountsLimits {
  /** Of all subscribers of this process together. */
  total: number
  /** Of those of one address. */
  perAddress: number
}

const defaultLimits: WatchedAccountsLimits = { total: 500_000, perAddress: 100_000 }

/** A filter with fewer counts nothing, and is never refused: connections have bounds of their own. */
const MIN_COUNTED = 100

const countOf = ({ dids }: EventFilter): number => {
  const size = dids?.size ?? 0
  return size > MIN_COUNTED ? size : 0
}

export class WatchedAccounts {
  readonly #limits: WatchedAccountsLimits
  readonly #byAddress = new Map<string, number>()
  #total = 0

  constructor(limits: WatchedAccountsLimits = defaultLimits) {
    this.#limits = limits
  }

  /** A subscriber of the address has another filter now. Throws 503 if it may not have it. */
  change(address: string, from: EventFilter, to: EventFilter): void {
    const change = countOf(to) - countOf(from)
    if (change === 0) return
    const own = (this.#byAddress.get(address) ?? 0) + change
    const { total, perAddress } = this.#limits
    if (change > 0 && (own > perAddress || this.#total + change > total)) {
      throw unavailable('the subscribers of this server follow too many accounts')
    }
    this.#total += change
    if (own === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, own)
  }
}

/** Counts what each client address holds open, such as sockets; IPv6 counts by /64. */
import { networkOf } from '#src/gateway/http/client-address.ts'

export class OpenByAddress {
  readonly #counts = new Map<string, number>()

  count(address: string): number {
    return this.#counts.get(networkOf(address)) ?? 0
  }

  /** The returned function gives the place back; calling it again does nothing. */
  add(address: string): () => void {
    const key = networkOf(address)
    this.#counts.set(key, this.count(address) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const left = this.count(address) - 1
      if (left === 0) this.#counts.delete(key)
      else this.#counts.set(key, left)
    }
  }
}

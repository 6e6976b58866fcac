/**
 * The deliveries that wait for one endpoint. Those of an account are made one after the other, in the order of the
 * events; one that fails holds back the later ones of its account, and no others.
 */

export interface Waiting {
  readonly id: number
  /** The DID, or a name that no other delivery waits for. */
  readonly account: string
  /** Of the body. */
  readonly bytes: number
  /** When the event happened. */
  readonly at: number
  attempts: number
  /** Not before, in ms since 1970. */
  nextAt: number
  /** What to send, if it has just been stored; else it is read. */
  content?: { message: string; body: string }
}

export class DeliveryQueue {
  readonly #byAccount = new Map<string, Waiting[]>()
  readonly #underWay = new Set<Waiting>()
  #count = 0
  #bytes = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** After all others of its account. */
  add(delivery: Waiting): void {
    const own = this.#byAccount.get(delivery.account)
    if (own === undefined) this.#byAccount.set(delivery.account, [delivery])
    else own.push(delivery)
    this.#count += 1
    this.#bytes += delivery.bytes
  }

  /** One that is due; it is under way until `remove` or `putBack`. */
  take(now: number): Waiting | undefined {
    for (const [first] of this.#byAccount.values()) {
      if (first!.nextAt > now || this.#underWay.has(first!)) continue
      this.#underWay.add(first!)
      return first
    }
    return undefined
  }

  /** When there is the next one to take; undefined if there is none. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const [first] of this.#byAccount.values()) {
      if (this.#underWay.has(first!)) continue
      next = Math.min(next ?? Infinity, first!.nextAt)
    }
    return next
  }

  /** When the oldest event happened that is not delivered. */
  oldestAt(): number | undefined {
    let oldest: number | undefined
    for (const [first] of this.#byAccount.values()) oldest = Math.min(oldest ?? Infinity, first!.at)
    return oldest
  }

  remove(delivery: Waiting): void {
    this.#underWay.delete(delivery)
    const own = this.#byAccount.get(delivery.account)
    if (own?.[0] !== delivery) return
    own.shift()
    if (own.length === 0) this.#byAccount.delete(delivery.account)
    this.#count -= 1
    this.#bytes -= delivery.bytes
  }

  putBack(delivery: Waiting): void {
    this.#underWay.delete(delivery)
  }

  /** All of the account, or of all accounts, are due at `now`. */
  hasten(now: number, account?: string): void {
    const accounts = account === undefined ? [...this.#byAccount.keys()] : [account]
    for (const one of accounts) {
      for (const delivery of this.#byAccount.get(one) ?? []) {
        delivery.nextAt = Math.min(delivery.nextAt, now)
      }
    }
  }
}

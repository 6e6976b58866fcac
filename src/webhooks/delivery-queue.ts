/**
 * The deliveries that wait for one endpoint. Those of an account are made one after another, in the order of the events:
 * one that fails holds back the later ones of its account, and no others.
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
  /** What to send, if it was stored just now; otherwise it is read from the database. */
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

  /** A delivery that is due. It is under way until `remove` or `putBack`. */
  take(now: number): Waiting | undefined {
    for (const [first] of this.#byAccount.values()) {
      if (first!.nextAt > now || this.#underWay.has(first!)) continue
      this.#underWay.add(first!)
      return first
    }
    return undefined
  }

  /** When the next delivery is due; undefined if none waits. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const [first] of this.#byAccount.values()) {
      if (this.#underWay.has(first!)) continue
      next = Math.min(next ?? Infinity, first!.nextAt)
    }
    return next
  }

  /** When the oldest undelivered event happened. */
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

  /** Makes the deliveries of the account, or of all accounts, due at `now`. */
  hasten(now: number, account?: string): void {
    const accounts = account === undefined ? [...this.#byAccount.keys()] : [account]
    for (const one of accounts) {
      for (const delivery of this.#byAccount.get(one) ?? []) {
        delivery.nextAt = Math.min(delivery.nextAt, now)
      }
    }
  }
}

/** Bounds the messages of one client: each may be a megabyte of JSON. */

const MAX_MESSAGES = 100
const PERIOD_MS = 60_000

export class UpdateLimit {
  readonly #now: () => number
  #count = 0
  #since = Number.NEGATIVE_INFINITY

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** To be called for each message. */
  isReached(): boolean {
    const now = this.#now()
    if (now - this.#since >= PERIOD_MS) {
      this.#since = now
      this.#count = 0
    }
    this.#count += 1
    return this.#count > MAX_MESSAGES
  }
}

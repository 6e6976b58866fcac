/** A fixed number of slots for work that is heavy, or has little room; what finds none free waits in the order of arrival. */
import { unavailable } from '#src/errors.ts'

export class Slots {
  #free: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number, maxWaiting = Number.POSITIVE_INFINITY) {
    this.#free = count
    this.#maxWaiting = maxWaiting
  }

  /** Throws 503 if too much is waiting, and what `work` throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#wait()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw unavailable('The server is busy, please try again')
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** Bounds work in progress, in all and for each key: what finds no slot of its key free waits for one. */
import { tooManyRequests, unavailable } from '#src/errors.ts'

export interface KeySlotsOptions {
  /** In progress. */
  max: number
  maxPerKey: number
  maxWaitingPerKey: number
}

interface KeyWork {
  running: number
  waiting: (() => void)[]
}

export class KeySlots {
  readonly #options: KeySlotsOptions
  readonly #keys = new Map<string, KeyWork>()
  #running = 0

  constructor(options: KeySlotsOptions) {
    this.#options = options
  }

  /**
   * Without a key only the bound in all holds. Throws 503 if too much is in progress, and 429 if too much of the same key
   * is waiting.
   */
  async run<T>(key: string | undefined, work: () => Promise<T>): Promise<T> {
    if (key === undefined) return this.#count(work)
    const own = this.#keys.get(key) ?? { running: 0, waiting: [] }
    this.#keys.set(key, own)
    await this.#take(own)
    try {
      return await this.#count(work)
    } finally {
      // A slot that is passed on stays taken.
      const next = own.waiting.shift()
      if (next !== undefined) next()
      else if (--own.running === 0) this.#keys.delete(key)
    }
  }

  async #take(own: KeyWork): Promise<void> {
    const { maxPerKey, maxWaitingPerKey } = this.#options
    if (own.running < maxPerKey) {
      own.running++
      return
    }
    if (own.waiting.length >= maxWaitingPerKey) {
      throw tooManyRequests()
    }
    await new Promise<void>((resolve) => own.waiting.push(resolve))
  }

  async #count<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.max) throw unavailable('Too much is being looked up')
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
    }
  }
}

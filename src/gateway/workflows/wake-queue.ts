/** Wakes new accounts, a few at a time, so that they are born soon after their creation was answered. */

/** Being born costs about as much as everything that a creation must wait for: it must not be in its way. */
const MAX_CONCURRENT = 2

export class WakeQueue {
  readonly #wake: (did: string) => Promise<void>
  #waiting: string[] = []
  readonly #running = new Set<Promise<void>>()
  #closed = false

  /** Whoever `wake` fails for wakes when somebody calls it, or when it is reminded. */
  constructor(wake: (did: string) => Promise<void>) {
    this.#wake = wake
  }

  add(did: string): void {
    if (this.#closed) return
    this.#waiting.push(did)
    if (this.#running.size < MAX_CONCURRENT) this.#start()
  }

  /** Begins no more, and resolves when those that are being woken are awake. The others wait for their reminder. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting = []
    await Promise.all(this.#running)
  }

  #start(): void {
    const running = this.#run().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #run(): Promise<void> {
    for (let did = this.#waiting.shift(); did !== undefined; did = this.#waiting.shift()) {
      await this.#wake(did).catch(() => {})
    }
  }
}

/** Wakes new accounts, a few at a time, so that they provision themselves soon after createAccount has answered. */

/** Provisioning costs about as much as all that createAccount waits for, and must not slow other creations down. */
const MAX_CONCURRENT = 2

export class WakeQueue {
  readonly #wake: (did: string) => Promise<void>
  #waiting: string[] = []
  readonly #running = new Set<Promise<void>>()
  #closed = false

  /** If `wake` fails, the account wakes with its next call or reminder. */
  constructor(wake: (did: string) => Promise<void>) {
    this.#wake = wake
  }

  add(did: string): void {
    if (this.#closed) return
    this.#waiting.push(did)
    if (this.#running.size < MAX_CONCURRENT) this.#start()
  }

  /** Starts no more; the accounts that are still queued get a reminder later. */
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

/** Mutual exclusion of asynchronous work. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` after all earlier work has settled; settles like `work`. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  /** Resolves when all work so far has settled. */
  async idle(): Promise<void> {
    await this.#last
  }
}

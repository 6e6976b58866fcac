/** Mutual exclusion of asynchronous work. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` once all work before it has ended, well or not; resolves or rejects as `work` does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  /** Resolves when all work so far has ended. */
  async idle(): Promise<void> {
    await this.#last
  }
}

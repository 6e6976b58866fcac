/** Mutual exclusion of asynchronous work. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  async idle(): Promise<void> {
    await this.#last
  }
}

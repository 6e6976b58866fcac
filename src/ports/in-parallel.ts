/** Some work for each of many items, a few at a time. */

/** Starts nothing more after an error, and throws it when all that was started has ended. */
export async function inParallel<T>(
  items: Iterable<T>,
  atOnce: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Parallel(atOnce)
  for (const item of items) await running.add(() => run(item))
  await running.settled()
}

export class Parallel {
  readonly #atOnce: number
  readonly #running = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Resolves when the next one may be added. Throws the first error so far. */
  async add(run: () => Promise<void>): Promise<void> {
    if (this.#failure) return this.settled()
    const one = run()
      .catch((error) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#running.delete(one))
    this.#running.add(one)
    if (this.#running.size >= this.#atOnce) await Promise.race(this.#running)
  }

  /** Resolves when all has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
    if (this.#failure) throw this.#failure.error
  }
}

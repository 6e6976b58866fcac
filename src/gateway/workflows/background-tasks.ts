/** What is begun for a caller and done behind the answer, so that its time tells nothing. */
import { unavailable } from '#src/errors.ts'

const MAX_RUNNING = 1000

export class BackgroundTasks {
  readonly #running = new Set<Promise<void>>()
  readonly #onFailure: (error: unknown) => void
  readonly #most: number

  constructor(onFailure: (error: unknown) => void, most = MAX_RUNNING) {
    this.#onFailure = onFailure
    this.#most = most
  }

  /** Begins the work; whoever calls does not wait for it, and never hears of its failure. Throws 503 for too many. */
  run(work: () => Promise<void>): void {
    if (this.#running.size >= this.#most) throw unavailable('Too much to do just now')
    const running = work()
      .catch(this.#onFailure)
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all that was begun is over. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}

/** Work that a request starts and does not wait for, so that its response time reveals nothing. */
import { unavailable } from '#src/errors.ts'

const MAX_RUNNING = 1000

export class BackgroundTasks {
  readonly #running = new Set<Promise<void>>()
  readonly #onFailure: (error: unknown) => void
  readonly #maxRunning: number

  constructor(onFailure: (error: unknown) => void, maxRunning = MAX_RUNNING) {
    this.#onFailure = onFailure
    this.#maxRunning = maxRunning
  }

  /** A failure goes to `onFailure` only. Throws 503 if too many are running. */
  run(work: () => Promise<void>): void {
    if (this.#running.size >= this.#maxRunning) throw unavailable('Too many background tasks')
    const running = work()
      .catch(this.#onFailure)
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** As `run`, for work that may also be left undone. */
  runIfFree(work: () => Promise<void>): void {
    if (this.#running.size < this.#maxRunning) this.run(work)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}

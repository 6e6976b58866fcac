/** Writes that their callers need not wait for; reads of the same row wait until it is stored or lost. */
import type { Log } from '#src/log.ts'

/** Callers of more writes at once wait until theirs is stored. */
export const MAX_UNSTORED = 1_000

export class UnstoredRows {
  readonly #log: Pick<Log, 'warn'>
  readonly #failure: string
  readonly #writes = new Map<string, Promise<void>>()

  /** `failure` is logged when a write fails. */
  constructor(log: Pick<Log, 'warn'>, failure: string) {
    this.#log = log
    this.#failure = failure
  }

  /** Usually resolves at once. `stored` must not end before an earlier write of the same row has. */
  async add(id: string, stored: Promise<void>): Promise<void> {
    if (this.#writes.size >= MAX_UNSTORED) return stored
    const settled = stored
      .catch((err) => this.#log.warn({ err }, this.#failure))
      .finally(() => {
        if (this.#writes.get(id) === settled) this.#writes.delete(id)
      })
    this.#writes.set(id, settled)
  }

  /** Resolves when the row is stored or lost. */
  async settled(id: string): Promise<void> {
    await this.#writes.get(id)
  }

  async allSettled(): Promise<void> {
    await Promise.all(this.#writes.values())
  }
}

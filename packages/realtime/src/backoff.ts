/** Waits between attempts: exponential with full jitter, so that clients that were cut off together do not return together. */

export class Backoff {
  readonly #minMs: number
  readonly #maxMs: number
  #attempts = 0

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs
    this.#maxMs = maxMs
  }

  /** Milliseconds until the next attempt: between the minimum and a bound that doubles up to the maximum. */
  next(): number {
    const bound = Math.min(this.#maxMs, this.#minMs * 2 ** ++this.#attempts)
    return this.#minMs + Math.random() * (bound - this.#minMs)
  }

  reset(): void {
    this.#attempts = 0
  }
}

/** Resolves after this time, or as soon as the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timeout)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timeout = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}

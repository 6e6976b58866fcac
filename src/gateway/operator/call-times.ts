/** The duration of calls in buckets: percentiles are accurate to a fifth, for one logarithm per call. */

/** Seconds of the first bucket; each is a fifth longer than the one before. */
const FIRST_S = 0.0001
const FACTOR = Math.log(1.2)
const BUCKETS = 72

export class CallTimes {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  add(seconds: number): void {
    const bucket = Math.ceil(Math.log(seconds / FIRST_S) / FACTOR)
    this.#counts[Math.min(Math.max(bucket, 0), BUCKETS - 1)]! += 1
    this.#total += 1
  }

  /** In ms; undefined if there were none. */
  percentiles(): { p50: number; p99: number } | undefined {
    return this.#total === 0 ? undefined : { p50: this.#at(0.5), p99: this.#at(0.99) }
  }

  reset(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  #at(share: number): number {
    const wanted = Math.ceil(share * this.#total)
    let seen = 0
    const bucket = this.#counts.findIndex((count) => {
      seen += count
      return seen >= wanted
    })
    return FIRST_S * Math.exp(bucket * FACTOR) * 1_000
  }
}

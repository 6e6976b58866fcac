/** Bounded room that many holders share: if it is full, the largest holder gives way to one that has less. */

export class SharedRoom<T> {
  readonly #max: number
  readonly #maxPerHolder: number
  readonly #entries = new Map<string, Set<T>>()
  #size = 0

  /** `max` entries in all, `maxPerHolder` of one holder. */
  constructor({ max, maxPerHolder }: { max: number; maxPerHolder: number }) {
    this.#max = max
    this.#maxPerHolder = maxPerHolder
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.#max
  }

  /** Whether one more entry is within the holder's own bound. */
  allows(holder: string): boolean {
    return this.#countOf(holder) < this.#maxPerHolder
  }

  /**
   * The entry that has to leave a full room for one more of the holder: the newest, or the oldest, of the largest
   * holder. Undefined if that has no more than the holder would have.
   */
  displacedBy(holder: string, which: 'newest' | 'oldest' = 'newest'): T | undefined {
    let largest: ReadonlySet<T> = new Set()
    for (const entries of this.#entries.values()) if (entries.size > largest.size) largest = entries
    if (largest.size <= this.#countOf(holder) + 1) return undefined
    return [...largest].at(which === 'newest' ? -1 : 0)
  }

  /** Does not look at the bounds. */
  add(holder: string, entry: T): void {
    const own = this.#entries.get(holder)
    if (own === undefined) this.#entries.set(holder, new Set([entry]))
    else own.add(entry)
    this.#size++
  }

  remove(holder: string, entry: T): void {
    const own = this.#entries.get(holder)
    if (!own?.delete(entry)) return
    this.#size--
    if (own.size === 0) this.#entries.delete(holder)
  }

  #countOf(holder: string): number {
    return this.#entries.get(holder)?.size ?? 0
  }
}

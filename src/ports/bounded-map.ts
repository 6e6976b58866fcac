/** A map that keeps the most recently set entries, up to a maximum number or weight. */

export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number
  readonly #weigh: (key: K, value: V) => number
  #total = 0

  /** `max` is in the unit of `weigh`, which must not change while an entry is in the map; by default each weighs 1. */
  constructor(max: number, weigh: (key: K, value: V) => number = () => 1) {
    super()
    this.#max = max
    this.#weigh = weigh
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    this.#total += this.#weigh(key, value)
    for (const oldest of this.keys()) {
      if (this.#total <= this.#max) break
      this.delete(oldest)
    }
    return this
  }

  override delete(key: K): boolean {
    if (this.has(key)) this.#total -= this.#weigh(key, this.get(key)!)
    return super.delete(key)
  }

  override clear(): void {
    super.clear()
    this.#total = 0
  }
}

/** A map that keeps the most recently set entries, up to a maximum number. */

export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number

  constructor(max: number) {
    super()
    this.#max = max
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#max) {
      const [oldest] = this.keys()
      this.delete(oldest!)
    }
    return this
  }
}

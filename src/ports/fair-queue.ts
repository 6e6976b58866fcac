/** A bounded queue that takes turns between keys: many entries of one key do not hold up those of another. */

export class FairQueue<T> {
  readonly #max: number
  readonly #maxPerKey: number
  readonly #waiting = new Map<string, T[]>()
  #size = 0

  /** `max` entries in all, `maxPerKey` of one key. */
  constructor({ max, maxPerKey }: { max: number; maxPerKey: number }) {
    this.#max = max
    this.#maxPerKey = maxPerKey
  }

  get size(): number {
    return this.#size
  }

  /** False if there is no room; the queue is then as it was. */
  push(key: string, entry: T): boolean {
    const own = this.#waiting.get(key)
    if (this.#size >= this.#max || (own?.length ?? 0) >= this.#maxPerKey) return false
    if (own === undefined) this.#waiting.set(key, [entry])
    else own.push(entry)
    this.#size++
    return true
  }

  /** The oldest entry of the key whose turn it is; that key then goes to the end. */
  shift(): T | undefined {
    const [next] = this.#waiting
    if (next === undefined) return undefined
    const [key, own] = next
    const entry = own.shift()
    this.#waiting.delete(key)
    if (own.length > 0) this.#waiting.set(key, own)
    this.#size--
    return entry
  }
}

/** Which address the newest rows of a table are of, in memory: if there are too many, those of the largest give way. */
import { SharedRoom } from '#src/ports/shared-room.ts'

/** Addresses without a limit are one holder. */
const EXEMPT = 'exempt'

export class HeldRows {
  readonly #max: number
  readonly #ttlMs: number
  readonly #room: SharedRoom<string>
  /** By id, in the order in which they were added. */
  readonly #rows = new Map<string, { holder: string; until: number }>()

  /** At most `max` rows are known, each for `ttlMs`. */
  constructor(max: number, ttlMs: number) {
    this.#max = max
    this.#ttlMs = ttlMs
    this.#room = new SharedRoom({ max, maxPerHolder: max })
  }

  /** Call it when the row is stored. */
  add(id: string, address: string | undefined, now: number): void {
    for (const [oldest, { until }] of this.#rows) {
      if (until > now && this.#rows.size < this.#max) break
      this.remove(oldest)
    }
    this.remove(id)
    const holder = address ?? EXEMPT
    this.#rows.set(id, { holder, until: now + this.#ttlMs })
    this.#room.add(holder, id)
  }

  /** Call it when the row is deleted, or must stay. */
  remove(id: string): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    this.#room.remove(row.holder, id)
  }

  /**
   * Rows to delete for one more of the address, `max` at most: the newest, or the oldest, of the addresses with the
   * most. None if those have no more than this one would have.
   */
  displacedBy(address: string | undefined, max: number, which: 'newest' | 'oldest'): string[] {
    const ids: string[] = []
    while (ids.length < max) {
      const id = this.#room.displacedBy(address ?? EXEMPT, which)
      if (id === undefined) break
      this.remove(id)
      ids.push(id)
    }
    return ids
  }
}

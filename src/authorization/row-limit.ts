/** Bounds the rows that unauthenticated callers can add to a table of a shard, without counting them at every call. */
import type { Sql } from '#src/ports/sql.ts'

export class RowLimit {
  readonly #rows: string
  readonly #max: number
  readonly #evictedAtOnce: number
  /** An upper bound: rows that were deleted since the last count are still in it. */
  #known: number | undefined
  #counting: Promise<void> | undefined

  /**
   * `rows` is a table with an optional WHERE clause. If there are more than `max`, `evictedAtOnce` are deleted in addition,
   * because counting takes time.
   */
  constructor(rows: string, max: number, evictedAtOnce = 0) {
    this.#rows = rows
    this.#max = max
    this.#evictedAtOnce = evictedAtOnce
  }

  /** Counts one more row. Returns how many others the caller has to delete with it; or it refuses the row. */
  async add({ sql }: { sql: Sql }): Promise<number> {
    if (this.#known === undefined || this.#known >= this.#max) {
      this.#counting ??= this.#count(sql)
      await this.#counting
    }
    // Rows are added together, before any is stored: what one of them evicts, the others need not.
    const excess = this.#known! + 1 - this.#max
    const evicted = excess > 0 ? excess + this.#evictedAtOnce : 0
    this.#known! += 1 - evicted
    return evicted
  }

  /** So many of the rows that were to be deleted stay. */
  kept(count: number): void {
    if (this.#known !== undefined) this.#known += count
  }

  async #count(sql: Sql): Promise<void> {
    try {
      const found = await sql.first<{ n: number }>(`SELECT count(*) AS n FROM ${this.#rows}`)
      this.#known = found?.n ?? 0
    } finally {
      this.#counting = undefined
    }
  }
}

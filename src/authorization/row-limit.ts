/** Bounds the rows that unauthenticated callers can add to a table of a shard, without counting them at every call. */
import type { Sql } from '#src/ports/sql.ts'

export class RowLimit {
  readonly #rows: string
  readonly #max: number
  /** An upper bound: rows that were deleted since the last count are still in it. */
  #known: number | undefined

  /** `rows` is a table with an optional WHERE clause. */
  constructor(rows: string, max: number) {
    this.#rows = rows
    this.#max = max
  }

  /** Counts one more row. Returns how many rows there are too many, which the caller deletes or refuses. */
  async add({ sql }: { sql: Sql }): Promise<number> {
    if (this.#known === undefined || this.#known >= this.#max) {
      const found = await sql.first<{ n: number }>(`SELECT count(*) AS n FROM ${this.#rows}`)
      this.#known = found?.n ?? 0
    }
    this.#known += 1
    return Math.max(0, this.#known - this.#max)
  }
}

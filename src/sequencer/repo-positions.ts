/** Up to where each account's outboxes are in the logs; this makes repeated deliveries harmless. */
import type { Sql } from '#src/ports/sql.ts'

export interface RepoPosition {
  outboxId: number
  lastSeq: number | null
}

const MAX_REPOS = 10_000

export class RepoPositions {
  readonly #sql: Sql
  readonly #table: 'repo' | 'private_repo'
  readonly #repos = new Map<string, RepoPosition>()

  constructor(sql: Sql, table: 'repo' | 'private_repo' = 'repo') {
    this.#sql = sql
    this.#table = table
  }

  async load(dids: ReadonlySet<string>): Promise<void> {
    const missing = [...dids].filter((did) => !this.#repos.has(did))
    if (missing.length === 0) return
    // One row for all: the cost of a read is per row.
    const found = await this.#sql.first<{ repos: string }>(
      `SELECT json_group_array(json_array(did, outbox_id, last_seq)) AS repos
       FROM ${this.#table} WHERE did IN (SELECT value FROM json_each(?))`,
      JSON.stringify(missing),
    )
    for (const did of missing) this.#repos.set(did, { outboxId: 0, lastSeq: null })
    const rows = JSON.parse(found?.repos ?? '[]') as [string, number, number][]
    for (const [did, outboxId, lastSeq] of rows) this.#repos.set(did, { outboxId, lastSeq })
  }

  /** Call `load` first. */
  get(did: string): RepoPosition {
    return this.#repos.get(did)!
  }

  /** Call this when the position is durable. */
  set(did: string, repo: RepoPosition): void {
    this.#repos.delete(did)
    this.#repos.set(did, repo)
  }

  /** Do not call it between `load` and `get`. */
  evict(): void {
    for (const did of this.#repos.keys()) {
      if (this.#repos.size <= MAX_REPOS) return
      this.#repos.delete(did)
    }
  }

  clear(): void {
    this.#repos.clear()
  }
}

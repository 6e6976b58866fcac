/** How far each account's outbox has come into the log: what makes repeated deliveries harmless. */
import type { Sql } from '#src/ports/sql.ts'

export interface RepoPosition {
  /** The last id of its outbox that is in the log. */
  outboxId: number
  /** And its seq there; null where the account has no event yet. */
  lastSeq: number | null
}

/** Accounts that wrote lately are asked for again and again; the others can be read from the table. */
const MAX_REPOS = 10_000

export class RepoPositions {
  readonly #sql: Sql
  readonly #repos = new Map<string, RepoPosition>()

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Makes all of `dids` known, in one read at most. */
  async load(dids: ReadonlySet<string>): Promise<void> {
    const unknown = [...dids].filter((did) => !this.#repos.has(did))
    if (unknown.length === 0) return
    // One row for all: the cost of a read is in its rows.
    const found = await this.#sql.first<{ repos: string }>(
      `SELECT json_group_array(json_array(did, outbox_id, last_seq)) AS repos
       FROM repo WHERE did IN (SELECT value FROM json_each(?))`,
      JSON.stringify(unknown),
    )
    for (const did of unknown) this.#repos.set(did, { outboxId: 0, lastSeq: null })
    const rows = JSON.parse(found?.repos ?? '[]') as [string, number, number][]
    for (const [did, outboxId, lastSeq] of rows) this.#repos.set(did, { outboxId, lastSeq })
  }

  /** A repo that was loaded. */
  get(did: string): RepoPosition {
    const repo = this.#repos.get(did)
    if (repo === undefined) throw new Error(`${did} is not loaded`)
    return repo
  }

  /** What has become durable. */
  set(did: string, repo: RepoPosition): void {
    this.#repos.delete(did)
    this.#repos.set(did, repo)
  }

  /** Forgets the accounts that have been quiet the longest, if there are too many. Not between `load` and `get`. */
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

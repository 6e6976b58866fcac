/** The heads of the write lane: the newest, on which the next write builds, and the newest durable one. */
import { type FailedTransaction, noteFailed } from '#src/account/failed-transactions.ts'
import { type Head, loadHead } from '#src/account/head.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Sql } from '#src/ports/sql.ts'

export class LaneHeads {
  readonly #sql: Sql
  #revAtWake: string | null = null
  #loading: Promise<Head> | null = null
  #lastFailure: FailedTransaction | null = null
  newest: Head | null = null
  durable: Head | null = null

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** The durable head. The database may be ahead of it by writes that are committed only. */
  async current(): Promise<Head> {
    return this.durable ?? (await this.load())
  }

  async revAtWake(): Promise<string> {
    const { rev } = await this.current()
    return this.#revAtWake ?? rev
  }

  /** The rev of the repo when it was first read after the failed transaction, in this activation or an earlier one. */
  async revAfter(failed: FailedTransaction): Promise<string> {
    try {
      await this.current()
    } catch (error) {
      // The rev is still unknown, and the caller of the next attempt has only this error.
      noteFailed(error, failed)
      throw error
    }
    return failed.after ?? this.revAtWake()
  }

  load(): Promise<Head> {
    this.#loading ??= this.#loadDurable()
      .then((head) => {
        if (head === undefined) throw invalidRequest('Could not find repo', 'RepoNotFound')
        this.#revAtWake ??= head.rev
        if (this.#lastFailure !== null) this.#lastFailure.after ??= head.rev
        this.durable ??= head
        this.newest ??= this.durable
        return this.durable
      })
      .finally(() => {
        this.#loading = null
      })
    return this.#loading
  }

  /** After a failed transaction neither head is reliable: it may have been committed or not. */
  fail(error: unknown): void {
    if (this.durable !== null) {
      this.#lastFailure = { before: this.durable.rev }
      noteFailed(error, this.#lastFailure)
    }
    this.durable = null
    this.newest = null
  }

  // A failed transaction may have been committed after all, without having been synced.
  async #loadDurable(): Promise<Head | undefined> {
    const head = await loadHead(this.#sql)
    await this.#sql.durable()
    return head
  }
}

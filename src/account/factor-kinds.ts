/** Which second factors the account has, kept in memory: every sign-in asks. */
import type { Sql } from '#src/ports/sql.ts'

/** Any one of them is enough to sign in. */
export type FactorKind = 'passkey' | 'totp' | 'email'

export class FactorKinds {
  readonly #sql: Sql
  #kinds: Promise<readonly FactorKind[]> | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  list(): Promise<readonly FactorKind[]> {
    if (this.#kinds !== undefined) return this.#kinds
    const reading = this.#sql
      .all<{ kind: FactorKind }>(
        `SELECT DISTINCT kind FROM factor WHERE kind IN ('passkey', 'totp', 'email')`,
      )
      .then((rows) => rows.map(({ kind }) => kind))
    this.#kinds = reading
    reading.catch(() => {
      if (this.#kinds === reading) this.#kinds = undefined
    })
    return reading
  }

  clear(): void {
    this.#kinds = undefined
  }
}

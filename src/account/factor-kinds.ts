/** Which second factors the account has, kept in memory: every sign-in asks. */
import type { Sql } from '#src/ports/sql.ts'

/** What an account may have to present besides its password; any one of them is enough. */
export type FactorKind = 'passkey' | 'totp' | 'email'

export class FactorKinds {
  readonly #sql: Sql
  #kinds: Promise<readonly FactorKind[]> | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** The kinds that the account has; it must present one of them when it signs in. */
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

  /** To be called after every attempt to change factors. */
  clear(): void {
    this.#kinds = undefined
  }
}

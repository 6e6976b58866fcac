/** Record takedowns, by path. */
import type { Sql, Statement } from '#src/ports/sql.ts'

export class Takedowns {
  readonly #sql: Sql
  #mayExist: Promise<boolean> | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Whether there may be any: the database is asked once, because almost no account has one. */
  mayExist(): Promise<boolean> {
    this.#mayExist ??= this.#sql.first('SELECT 1 FROM takedown LIMIT 1').then(
      (row) => row !== undefined,
      (error) => {
        this.#mayExist = undefined
        throw error
      },
    )
    return this.#mayExist
  }

  async refOf(path: string): Promise<string | undefined> {
    if (!(await this.mayExist())) return undefined
    const row = await this.#sql.first<{ ref: string }>(
      'SELECT ref FROM takedown WHERE path = ?',
      path,
    )
    return row?.ref
  }

  /** Call before a takedown is added, so that concurrent writes take it into account. */
  assumeExist(): void {
    this.#mayExist = Promise.resolve(true)
  }
}

/** Restores the record if `ref` is null. Call `assumeExist` before. */
export function setTakedown(path: string, ref: string | null): Statement {
  return ref === null
    ? { sql: 'DELETE FROM takedown WHERE path = ?', params: [path] }
    : { sql: 'INSERT OR REPLACE INTO takedown (path, ref) VALUES (?, ?)', params: [path, ref] }
}

/** After an import: a takedown of a record that no longer exists must not hide the next record at that path. */
export function deleteStaleTakedowns(): Statement {
  return { sql: 'DELETE FROM takedown WHERE path NOT IN (SELECT path FROM record)' }
}

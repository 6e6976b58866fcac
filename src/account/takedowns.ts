/** Records that were taken down: hidden from readers by path, until a moderator thinks better of it. */
import type { Sql, Statement } from '#src/ports/sql.ts'

export class Takedowns {
  readonly #sql: Sql
  #any: Promise<boolean> | undefined

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Whether there may be any: the database is asked once, for next to no account has one. */
  mayExist(): Promise<boolean> {
    this.#any ??= this.#sql.first('SELECT 1 FROM takedown LIMIT 1').then(
      (row) => row !== undefined,
      (error) => {
        this.#any = undefined
        throw error
      },
    )
    return this.#any
  }

  /** Why the record at this path (collection and rkey) is hidden; undefined where it is not. */
  async refOf(path: string): Promise<string | undefined> {
    if (!(await this.mayExist())) return undefined
    const row = await this.#sql.first<{ ref: string }>(
      'SELECT ref FROM takedown WHERE path = ?',
      path,
    )
    return row?.ref
  }

  /** To be called before one is added: whoever writes from here on reckons with it. */
  assumeExist(): void {
    this.#any = Promise.resolve(true)
  }
}

/** Hides what is at the path, which `expect` has to announce; null shows it again. */
export function setTakedown(path: string, ref: string | null): Statement {
  return ref === null
    ? { sql: 'DELETE FROM takedown WHERE path = ?', params: [path] }
    : { sql: 'INSERT OR REPLACE INTO takedown (path, ref) VALUES (?, ?)', params: [path, ref] }
}

/** After an import: what is no longer there is no longer hidden, nor is what may follow it there. */
export function deleteStaleTakedowns(): Statement {
  return { sql: 'DELETE FROM takedown WHERE path NOT IN (SELECT path FROM record)' }
}

/** The Sql port on `node:sqlite`, in memory: what rooms run on in unit tests, with a hook for faults. */
import { DatabaseSync } from 'node:sqlite'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

export interface NodeSqlOptions {
  /** DDL to run first, for example `accountSchema`. */
  schema?: readonly string[]
  /**
   * Called around each batch. Throwing at `before` means nothing is stored; at `after` everything is
   * stored and the caller only hears of a failure. A promise makes the batch take that long.
   */
  onBatch?: (when: 'before' | 'after', statements: readonly Statement[]) => void | Promise<void>
}

/** An open database; `close` it or leave it to the garbage collector. */
export interface NodeSql extends Sql {
  /** How many batches were committed: what the engine would have charged for. */
  readonly batches: number
  close(): void
}

/** A fresh, empty database with `schema` applied. */
export function nodeSql({ schema = [], onBatch }: NodeSqlOptions = {}): NodeSql {
  const db = new DatabaseSync(':memory:')
  for (const ddl of schema) db.exec(ddl)
  let batches = 0

  function rows<R>(sql: string, params: readonly SqlValue[]): R[] {
    return db
      .prepare(sql)
      .all(...params)
      .map((row) => ({ ...row }) as R)
  }

  function transact(statements: readonly Statement[]): void {
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const { sql, params = [] } of statements) db.prepare(sql).run(...params)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
    batches += 1
  }

  return {
    all: async (sql, ...params) => rows(sql, params),
    first: async (sql, ...params) => rows(sql, params)[0] as never,
    async batch(statements) {
      await onBatch?.('before', statements)
      transact(statements)
      await onBatch?.('after', statements)
    },
    get batches() {
      return batches
    },
    close: () => db.close(),
  }
}

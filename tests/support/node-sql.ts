/** The Sql port on `node:sqlite`, in memory, for unit tests, with a hook for faults. */
import { DatabaseSync } from 'node:sqlite'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

export interface NodeSqlOptions {
  /** DDL to run first, for example `accountSchema`. */
  schema?: readonly string[]
  /**
   * Called around each batch. Throwing at `before` stores nothing; at `after` everything is stored and only the caller
   * sees a failure. A promise delays the batch.
   */
  onBatch?: (when: 'before' | 'after', statements: readonly Statement[]) => void | Promise<void>
}

export interface NodeSql extends Sql {
  /** Number of committed batches, each of which is a transaction of the engine. */
  readonly batches: number
  close(): void
}

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

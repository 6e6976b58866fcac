/** The Sql port on `node:sqlite`, in memory, for unit tests, with a hook for faults. */
import { DatabaseSync } from 'node:sqlite'
import { type Migration, migrate } from '#src/ports/migrations.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

export interface NodeSqlOptions {
  /** Migrations to run first, for example `accountSchema`; nothing else is run before they are through. */
  schema?: readonly Migration[]
  /** SQL text that the database holds before them, for example a dump. */
  dump?: string
  /**
   * Called around each batch. Throwing at `before` stores nothing; at `after` everything is stored and only the caller
   * sees a failure. A promise delays the batch.
   */
  onBatch?: (when: 'before' | 'after', statements: readonly Statement[]) => void | Promise<void>
  /** What `durable` waits for. Nothing by default. */
  sync?: () => Promise<void>
}

export interface NodeSql extends Sql {
  /** Number of committed batches, each of which is a transaction of the engine. */
  readonly batches: number
  close(): void
}

/** `sql`, which runs on the database, with what tests ask of a database. */
export function overNodeSql(sql: Sql, database: Pick<NodeSql, 'batches' | 'close'>): NodeSql {
  return {
    ...sql,
    close: () => database.close(),
    get batches() {
      return database.batches
    },
  }
}

/** A fresh database with `schema` applied, by the code that the actors run. */
export function nodeSql({
  schema = [],
  dump,
  onBatch,
  sync = () => Promise.resolve(),
}: NodeSqlOptions = {}): NodeSql {
  const db = new DatabaseSync(':memory:')
  if (dump !== undefined) db.exec(dump)
  let batches = 0

  function rows<R>(sql: string, params: readonly SqlValue[]): R[] {
    return db
      .prepare(sql)
      .all(...params)
      .map((row) => ({ ...row }) as R)
  }

  /** Returns the rows of the last statement. */
  function transact(statements: readonly Statement[]): unknown[] {
    let last: unknown[] = []
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const { sql, params = [] } of statements) last = rows(sql, params)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
    batches += 1
    return last
  }

  async function commit(statements: readonly Statement[]): Promise<unknown[]> {
    await migrated
    await onBatch?.('before', statements)
    const last = transact(statements)
    await onBatch?.('after', statements)
    return last
  }

  const migrated = migrate(
    {
      all: async (sql, ...params) => rows(sql, params),
      first: async (sql, ...params) => rows(sql, params)[0] as never,
      batch: async (statements) => void transact(statements),
      commit: async (statements) => void transact(statements),
      durable: () => Promise.resolve(),
      batchAndRead: async (statements) => transact(statements) as never,
    },
    schema,
  ).then(() => {
    batches = 0
  })
  migrated.catch(() => {}) // Thrown where it is awaited.

  return {
    all: async (sql, ...params) => {
      await migrated
      return rows(sql, params)
    },
    first: async (sql, ...params) => {
      await migrated
      return rows(sql, params)[0] as never
    },
    batch: async (statements) => {
      await commit(statements)
      await sync()
    },
    commit: async (statements) => void (await commit(statements)),
    durable: sync,
    batchAndRead: async (statements) => {
      const last = await commit(statements)
      await sync()
      return last as never
    },
    get batches() {
      return batches
    },
    close: () => db.close(),
  }
}

/** An actor's SQLite as the rooms' `Sql` port, with several statements in one atomic round trip to the engine. */
import { type DatabaseProvider, db, type RawAccess, type SqliteDatabase } from 'rivetkit/db'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

/** What `c.db` is in our actors. */
export type BatchDatabase = RawAccess & Sql

/**
 * The database of an actor, with its numbered migrations. RivetKit's own client has no batch, so the native database
 * under it is kept at hand; `createClient` must give a new object. Transactions go to the engine through `gate`.
 */
export function batchDatabase(
  schema: readonly string[],
  gate: Gate = (transaction) => transaction(),
): DatabaseProvider<BatchDatabase> {
  const base = db()
  return {
    sqliteProfiling: { enabled: false },
    createClient: async (context) => {
      const provider = context.nativeDatabaseProvider
      if (provider === undefined) throw new Error('this runtime has no native SQLite')
      let native: SqliteDatabase | undefined
      const client = await base.createClient({
        ...context,
        nativeDatabaseProvider: {
          open: async (id) => {
            native = await provider.open(id)
            return native
          },
        },
      })
      if (native === undefined) throw new Error('RivetKit did not open the native database')
      return { ...client, ...sqlOf(native, gate) }
    },
    onMigrate: (client) => migrate(client, schema),
  }
}

type Gate = <T>(transaction: () => Promise<T>) => Promise<T>

function sqlOf(native: SqliteDatabase, gate: Gate): Sql {
  const all = async <R>(sql: string, ...params: SqlValue[]): Promise<R[]> => {
    const { columns, rows } = await native.query(sql, params)
    return rows.map(
      (row) => Object.fromEntries(columns.map((name, i) => [name, toValue(row[i])])) as R,
    )
  }
  return {
    all,
    first: async <R>(sql: string, ...params: SqlValue[]) => (await all<R>(sql, ...params))[0],
    batch: async (statements: readonly Statement[]) => {
      const all = statements.map(({ sql, params }) => ({ sql, params: [...(params ?? [])] }))
      await gate(() => native.executeBatch(all))
    },
  }
}

/** Blobs come back as arrays of numbers, slowly: what is read often or in bulk asks SQLite for `hex()` instead. */
function toValue(value: unknown): unknown {
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : value
}

/** Each migration is one transaction, with its number: it is there whole or not at all, whenever the process dies. */
async function migrate(client: BatchDatabase, schema: readonly string[]): Promise<void> {
  const row = await client.first<{ user_version: number }>('PRAGMA user_version')
  for (let version = row?.user_version ?? 0; version < schema.length; version++) {
    const number = { sql: `PRAGMA user_version = ${version + 1}` }
    await client.batch([...statementsOf(schema[version]!), number])
  }
}

/** The statements of a schema; a semicolon in it that ends none is in a comment. */
function statementsOf(schema: string): Statement[] {
  const statements = schema.replace(/--.*/g, '').split(';')
  return statements.filter((sql) => sql.trim() !== '').map((sql) => ({ sql }))
}

/** An actor's SQLite as the `Sql` port, with several statements in one atomic round trip to the engine. */
import { type DatabaseProvider, db, type RawAccess, type SqliteDatabase } from 'rivetkit/db'
import { type Activation, Activations } from '#actors/activations.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

/** The type of `c.db` in our actors. */
export type BatchDatabase = RawAccess & Sql & { readonly activation: Activation }

/**
 * RivetKit's own client has no batch, so the native database under it is kept; `createClient` must return a new object.
 * Transactions go to the engine through `gate`, and are durable when a call of `durable` afterwards resolves. Migrations
 * run when the actor wakes (lifecycle.ts).
 */
export function batchDatabase(
  { durable }: { durable: () => Promise<void> },
  gate: Gate = (transaction) => transaction(),
): DatabaseProvider<BatchDatabase> {
  const base = db()
  const activations = new Activations()
  return {
    sqliteProfiling: { enabled: false },
    createClient: async (context) => {
      const provider = context.nativeDatabaseProvider
      if (provider === undefined) throw new Error('this runtime has no native SQLite')
      const activation = activations.begin(context.actorId)
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
      const close = async () => {
        try {
          // It waits for a write that is in flight.
          await client.close()
        } finally {
          activations.delete(context.actorId, activation)
        }
      }
      return { ...client, ...sqlOf(native, { gate, activation, durable }), activation, close }
    },
    onMigrate: () => {},
  }
}

type Gate = <T>(transaction: () => Promise<T>) => Promise<T>

interface Transactions {
  gate: Gate
  activation: Activation
  durable: () => Promise<void>
}

function sqlOf(native: SqliteDatabase, { gate, activation, durable }: Transactions): Sql {
  const all = async <R>(sql: string, ...params: SqlValue[]): Promise<R[]> =>
    rowsOf<R>(await native.query(sql, params))
  const commit = async (statements: readonly Statement[]) => {
    const all = statements.map(({ sql, params }) => ({ sql, params: [...(params ?? [])] }))
    return gate(() => activation.write(() => native.executeBatch(all)))
  }
  return {
    all,
    first: async <R>(sql: string, ...params: SqlValue[]) => (await all<R>(sql, ...params))[0],
    commit: async (statements: readonly Statement[]) => {
      await commit(statements)
    },
    durable,
    batch: async (statements: readonly Statement[]) => {
      await commit(statements)
      await durable()
    },
    batchAndRead: async <R>(statements: readonly Statement[]) => {
      const results = await commit(statements)
      await durable()
      return rowsOf<R>(results.at(-1) ?? { columns: [], rows: [] })
    },
  }
}

function rowsOf<R>({ columns, rows }: { columns: string[]; rows: unknown[][] }): R[] {
  return rows.map(
    (row) => Object.fromEntries(columns.map((name, i) => [name, toValue(row[i])])) as R,
  )
}

/** Blobs arrive as arrays of numbers, which is slow: reads that are frequent or large select `hex()` instead. */
function toValue(value: unknown): unknown {
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : value
}

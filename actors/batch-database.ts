/** An actor's SQLite: the client of RivetKit, and the `Sql` port. */
import { type DatabaseProvider, db, type RawAccess, type SqliteDatabase } from 'rivetkit/db'
import { type Activation, Activations } from '#actors/activations.ts'
import { durableSql, type Gate } from '#actors/durable-sql.ts'
import type { Sql } from '#src/ports/sql.ts'

/** The type of `c.db` in our actors. */
export type BatchDatabase = RawAccess & Sql & { readonly activation: Activation }

/**
 * RivetKit's own client has no batch, so the native database under it is kept; `createClient` must return a new object.
 * Migrations run when the actor wakes (lifecycle.ts).
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
      return { ...client, ...durableSql(native, { gate, activation, durable }), activation, close }
    },
    onMigrate: () => {},
  }
}

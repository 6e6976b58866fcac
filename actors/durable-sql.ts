/**
 * The `Sql` port on RivetKit's SQLite, with several statements in one atomic round trip to the engine.
 *
 * 1. A transaction is seen by later reads when the engine has it, and is durable a sync later. In between, reads wait if
 *    it was a `batch`: else the answer to a second call, which finds that there is nothing left to do, could leave before
 *    what it is about is durable. After a `commit` they do not wait: its caller sees to that.
 * 2. The engine may have a transaction that failed here. It is made durable too, before the caller learns of the failure:
 *    another attempt may find it.
 * 3. RivetKit has room for 128 calls of a database, running and waiting. What is more waits here, so that a flood of
 *    reads does not make transactions fail.
 */
import type { SqliteDatabase } from 'rivetkit/db'
import type { Activation } from '#actors/activations.ts'
import { unavailable } from '#src/errors.ts'
import { Slots } from '#src/ports/slots.ts'
import type { Sql, SqlValue, Statement } from '#src/ports/sql.ts'

/** Of RivetKit's 128. Its own calls need some, too. */
const MAX_READS = 64
const MAX_TRANSACTIONS = 32
const MAX_WAITING = 10_000

/** Runs a transaction when it may go to the engine. */
export type Gate = <T>(transaction: () => Promise<T>) => Promise<T>

interface Result {
  columns: string[]
  rows: unknown[][]
}

export interface DurableSqlPorts {
  gate: Gate
  activation: Pick<Activation, 'write'>
  /** Resolves when everything that the engine had before the call is durable. */
  durable: () => Promise<void>
}

export function durableSql(
  native: Pick<SqliteDatabase, 'query' | 'executeBatch'>,
  { gate, activation, durable }: DurableSqlPorts,
): Sql {
  const reads = new Slots(MAX_READS, MAX_WAITING)
  const transactions = new Slots(MAX_TRANSACTIONS, MAX_WAITING)
  let syncing: Promise<void> | undefined
  const sync = (): Promise<void> => {
    const started = durable().finally(() => {
      if (syncing === started) syncing = undefined
    })
    syncing = started
    return started
  }
  const transact = async (statements: readonly Statement[], onCommit?: () => void) => {
    const all = statements.map(({ sql, params }) => ({ sql, params: [...(params ?? [])] }))
    let failed: Promise<void> | undefined
    const send = async (): Promise<Result[]> => {
      try {
        const results = await native.executeBatch(all).catch(throwBusy)
        onCommit?.()
        return results
      } catch (error) {
        failed = sync()
        throw error
      }
    }
    try {
      return await transactions.run(() => gate(() => activation.write(send)))
    } catch (error) {
      await failed
      throw error
    }
  }
  const batch = async (statements: readonly Statement[]): Promise<Result[]> => {
    let synced: Promise<void> | undefined
    const results = await transact(statements, () => {
      synced = sync()
    })
    await synced
    return results
  }
  const all = async <R>(sql: string, ...params: SqlValue[]): Promise<R[]> => {
    const found = await reads.run(() => native.query(sql, params).catch(throwBusy))
    await syncing
    return rowsOf<R>(found)
  }
  return {
    all,
    first: async <R>(sql: string, ...params: SqlValue[]) => (await all<R>(sql, ...params))[0],
    commit: async (statements) => {
      await transact(statements)
    },
    durable,
    batch: async (statements) => {
      await batch(statements)
    },
    batchAndRead: async <R>(statements: readonly Statement[]) =>
      rowsOf<R>((await batch(statements)).at(-1) ?? { columns: [], rows: [] }),
  }
}

/** 503 if RivetKit has no room for the call, which it has not begun. */
function throwBusy(error: unknown): never {
  const isFull = error instanceof Error && /transaction queue is full/i.test(error.message)
  throw isFull ? unavailable('The server is busy, please try again') : error
}

function rowsOf<R>({ columns, rows }: Result): R[] {
  return rows.map(
    (row) => Object.fromEntries(columns.map((name, i) => [name, toValue(row[i])])) as R,
  )
}

/** Blobs arrive as arrays of numbers, which is slow: reads that are frequent or large select `hex()` instead. */
function toValue(value: unknown): unknown {
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : value
}

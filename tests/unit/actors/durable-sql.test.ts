import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import { durableSql } from '#actors/durable-sql.ts'
import type { Sql } from '#src/ports/sql.ts'

const insert = (value: number) => ({ sql: 'INSERT INTO a (n) VALUES (?)', params: [value] })
const select = 'SELECT n FROM a ORDER BY n'
const settled = () => new Promise(setImmediate)

let sql: Sql
/** Ends the oldest sync that is running. */
let endSync: () => void
let syncs: number
/** Throws it after the next transaction, which is kept nevertheless. */
let lostAnswer: Error | undefined

beforeEach(() => {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE a (n INTEGER UNIQUE)')
  const query = async (text: string, params: readonly (number | string)[] = []) => {
    const rows = db.prepare(text).all(...params)
    const columns = Object.keys(rows[0] ?? {})
    return { columns, rows: rows.map((row) => Object.values(row)) }
  }
  const running: (() => void)[] = []
  endSync = () => running.shift()?.()
  syncs = 0
  lostAnswer = undefined
  sql = durableSql(
    {
      query: query as never,
      executeBatch: (async (statements: { sql: string; params: number[] }[]) => {
        const results = []
        for (const one of statements) results.push(await query(one.sql, one.params))
        if (lostAnswer !== undefined) throw lostAnswer
        return results
      }) as never,
    },
    {
      gate: (transaction) => transaction(),
      activation: { write: (transaction) => transaction() },
      durable: () => {
        syncs++
        return new Promise((resolve) => running.push(resolve))
      },
    },
  )
})

/** The order in which the promises settle. */
function orderOf(promises: Record<string, Promise<unknown>>): string[] {
  const order: string[] = []
  for (const [name, promise] of Object.entries(promises)) {
    void promise.then(
      () => order.push(name),
      () => order.push(`${name} failed`),
    )
  }
  return order
}

describe('a transaction that is not durable yet', () => {
  it('is read only when it is durable, if it was a batch', async () => {
    const order = orderOf({ batch: sql.batch([insert(1)]) })
    await settled()
    const read = sql.all(select)
    void read.then((rows) => order.push(`read ${rows.length}`))
    await settled()
    expect(order).toEqual([])
    endSync()
    await settled()
    expect(order).toContain('read 1')
    expect(order).toContain('batch')
  })

  it('is read at once if it was a commit, and nothing is synced', async () => {
    await sql.commit([insert(1)])
    expect(await sql.all(select)).toEqual([{ n: 1 }])
    expect(syncs).toBe(0)
  })

  it('does not delay reads once it is durable', async () => {
    const batch = sql.batchAndRead([insert(1), { sql: select }])
    await settled()
    endSync()
    expect(await batch).toEqual([{ n: 1 }])
    expect(await sql.first(select)).toEqual({ n: 1 })
    expect(syncs).toBe(1)
  })
})

describe('a transaction that failed but was kept', () => {
  it.each(['batch', 'commit', 'batchAndRead'] as const)(
    'is durable before the caller of %s gets the error, and before it is read',
    async (method) => {
      lostAnswer = new Error('the connection broke')
      const order = orderOf({ write: sql[method]([insert(1)]) })
      await settled()
      lostAnswer = undefined
      void sql.all(select).then((rows) => order.push(`read ${rows.length}`))
      await settled()
      expect(order).toEqual([])
      endSync()
      await settled()
      expect(order.toSorted()).toEqual(['read 1', 'write failed'])
    },
  )
})

it('a transaction that did not go to the engine fails without a sync', async () => {
  const refused = durableSql(
    { query: undefined as never, executeBatch: undefined as never },
    {
      gate: () => Promise.reject(new Error('the disk is full')),
      activation: { write: (transaction) => transaction() },
      durable: () => Promise.reject(new Error('must not be called')),
    },
  )
  await expect(refused.batch([insert(1)])).rejects.toThrow('the disk is full')
})

describe('the room that RivetKit has for calls of a database', () => {
  /** A database whose calls do not end, and what was begun. */
  function stuck() {
    const begun = { reads: 0, transactions: 0 }
    const never = new Promise<never>(() => {})
    const native = {
      query: () => {
        begun.reads++
        return never
      },
      executeBatch: () => {
        begun.transactions++
        return never
      },
    }
    const ports = {
      gate: <T>(transaction: () => Promise<T>) => transaction(),
      activation: { write: <T>(transaction: () => Promise<T>) => transaction() },
      durable: () => Promise.resolve(),
    }
    return { begun, sql: durableSql(native, ports) }
  }

  it('is not filled by reads, so that transactions begin, and the rest waits', async () => {
    const { begun, sql } = stuck()
    for (let i = 0; i < 500; i++) {
      void sql.all(select)
      void sql.commit([insert(i)])
    }
    await settled()
    expect(begun).toEqual({ reads: 64, transactions: 32 })
  })

  it('has an end: beyond it a call is refused with 503, and the others still wait', async () => {
    const { begun, sql } = stuck()
    for (let i = 0; i < 64 + 10_000; i++) void sql.all(select)
    await expect(sql.all(select)).rejects.toMatchObject({ status: 503 })
    expect(begun.reads).toBe(64)
  })

  it.each(['query', 'executeBatch'] as const)(
    'a %s for which RivetKit has no room is a 503',
    async (method) => {
      const full = Object.assign(new Error('SQLite transaction queue is full.'), {
        code: 'transaction_queue_full',
      })
      const call = async () => Promise.reject(full)
      const native = { query: call, executeBatch: call }
      const ports = {
        gate: <T>(transaction: () => Promise<T>) => transaction(),
        activation: { write: <T>(transaction: () => Promise<T>) => transaction() },
        durable: () => Promise.resolve(),
      }
      const sql = durableSql(native, ports)
      const calls = { query: () => sql.all(select), executeBatch: () => sql.batch([insert(1)]) }
      await expect(calls[method]()).rejects.toMatchObject({
        status: 503,
        error: 'ServiceUnavailable',
      })
    },
  )
})

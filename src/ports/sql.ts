/** Access to one SQLite database: single reads, and batches of statements in one transaction. */

export type SqlValue = null | number | string | Uint8Array

export interface Statement {
  sql: string
  params?: readonly SqlValue[]
}

export interface Sql {
  all<R>(sql: string, ...params: SqlValue[]): Promise<R[]>
  first<R>(sql: string, ...params: SqlValue[]): Promise<R | undefined>
  /** Runs the statements as one transaction. Resolves when it is durable; on failure nothing is changed. */
  batch(statements: readonly Statement[]): Promise<void>
  /**
   * As `batch`, but resolves as soon as later statements see the transaction. Until `durable` resolves, a power failure
   * may undo it, and with it every later one: nothing that depends on it may leave the process.
   */
  commit(statements: readonly Statement[]): Promise<void>
  /** Resolves when everything that was committed before the call is durable. Is never rejected. */
  durable(): Promise<void>
  /** As `batch`; resolves with the rows of the last statement, a SELECT, which costs no further trip to the engine. */
  batchAndRead<R>(statements: readonly Statement[]): Promise<R[]>
}

/**
 * Decodes the result of SQLite's `hex(…)`. RivetKit passes a blob to JavaScript as an array of numbers; as text it is
 * fifteen times faster.
 */
export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

export function insertRows(into: string, rows: readonly (readonly SqlValue[])[]): Statement {
  const tuples = rows.map((row) => `(${row.map(() => '?').join(',')})`).join(',')
  return { sql: `${into} VALUES ${tuples}`, params: rows.flat() }
}

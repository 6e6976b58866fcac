/** The operations of every DID that the development PLC directory knows, on disk, in the order they came. */
import { DatabaseSync } from 'node:sqlite'
import {
  type LoggedOperation,
  type ValidOperation,
  validateOperation,
} from '#src/plc/validate-operation.ts'
import { Mutex } from '#src/ports/mutex.ts'

export class OperationLog {
  readonly #db: DatabaseSync
  /** One operation is checked and logged at a time, so that two cannot both follow the same one. */
  readonly #mutex = new Mutex()

  /** Opens the log in a file, which is made if need be; `:memory:` for none. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS operation (
        id INTEGER PRIMARY KEY,
        did TEXT NOT NULL,
        cid TEXT NOT NULL,
        operation TEXT NOT NULL,
        nullified INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX IF NOT EXISTS operation_did ON operation (did, cid);
    `)
  }

  /** Every operation of a DID, the overruled ones too; none for an unknown DID. */
  list(did: string): LoggedOperation[] {
    const rows = this.#db
      .prepare(
        `SELECT operation, cid, nullified, created_at AS createdAt
         FROM operation WHERE did = ? ORDER BY id`,
      )
      .all(did)
    return rows.map((row) => ({
      operation: JSON.parse(row['operation'] as string),
      cid: row['cid'] as string,
      nullified: row['nullified'] === 1,
      createdAt: row['createdAt'] as string,
    }))
  }

  /** Logs an operation if the rules allow it. Resolves when it is on disk; throws 400 otherwise. */
  add(did: string, proposed: unknown): Promise<void> {
    return this.#mutex.run(async () => {
      this.#write(did, await validateOperation(did, this.list(did), proposed))
    })
  }

  #write(did: string, { operation, cid, nullifies }: ValidOperation): void {
    this.#db.exec('BEGIN')
    try {
      const nullify = this.#db.prepare(
        'UPDATE operation SET nullified = 1 WHERE did = ? AND cid = ?',
      )
      for (const overruled of nullifies) nullify.run(did, overruled)
      this.#db
        .prepare('INSERT INTO operation (did, cid, operation, created_at) VALUES (?, ?, ?, ?)')
        .run(did, cid, JSON.stringify(operation), new Date().toISOString())
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }
}

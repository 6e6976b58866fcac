/** The development PLC directory's operation log, on disk, in order of arrival. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  type LoggedOperation,
  type ValidOperation,
  validateOperation,
} from '#src/plc/validate-operation.ts'
import { Mutex } from '#src/ports/mutex.ts'

export class OperationLog {
  readonly #db: DatabaseSync
  readonly #statements: Record<'list' | 'nullify' | 'insert', StatementSync>
  // Operations are validated and logged one at a time, so that no two extend the same `prev`.
  readonly #mutex = new Mutex()

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
    this.#statements = {
      list: this.#db.prepare(
        `SELECT operation, cid, nullified, created_at AS createdAt
         FROM operation WHERE did = ? ORDER BY id`,
      ),
      nullify: this.#db.prepare('UPDATE operation SET nullified = 1 WHERE did = ? AND cid = ?'),
      insert: this.#db.prepare(
        'INSERT INTO operation (did, cid, operation, created_at) VALUES (?, ?, ?, ?)',
      ),
    }
  }

  list(did: string): LoggedOperation[] {
    const rows = this.#statements.list.all(did)
    return rows.map((row) => ({
      operation: JSON.parse(row['operation'] as string),
      cid: row['cid'] as string,
      nullified: row['nullified'] === 1,
      createdAt: row['createdAt'] as string,
    }))
  }

  /** Resolves when the operation is on disk; throws 400 if it is invalid. */
  add(did: string, proposed: unknown): Promise<void> {
    return this.#mutex.run(async () => {
      this.#write(did, await validateOperation(did, this.list(did), proposed))
    })
  }

  #write(did: string, { operation, cid, nullifies }: ValidOperation): void {
    const { nullify, insert } = this.#statements
    this.#db.exec('BEGIN')
    try {
      for (const nullifiedCid of nullifies) nullify.run(did, nullifiedCid)
      insert.run(did, cid, JSON.stringify(operation), new Date().toISOString())
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

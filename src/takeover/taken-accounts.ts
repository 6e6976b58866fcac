/** The accounts that are taken over, in a file of the data folder: what a pass that is repeated can skip. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface TakenAccount {
  did: string
  /** Of what was read of it. */
  stamp: string
  cid: string
  rev: string
  /** Whether the commit is new, so that it must be announced to relays. */
  isNew: boolean
}

const NAME = 'takeover.sqlite'

/** Whether a takeover into the data folder has begun. */
export function hasTakeover(dataDirectory: string): boolean {
  return existsSync(join(dataDirectory, NAME))
}

export class TakenAccounts {
  readonly #db: DatabaseSync

  constructor(dataDirectory: string) {
    this.#db = new DatabaseSync(join(dataDirectory, NAME))
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS taken (did TEXT PRIMARY KEY, stamp TEXT NOT NULL, cid TEXT NOT NULL,
        rev TEXT NOT NULL, is_new INTEGER NOT NULL) WITHOUT ROWID`)
  }

  stampOf(did: string): string | undefined {
    return this.#db.prepare('SELECT stamp FROM taken WHERE did = ?').get(did)?.['stamp'] as
      | string
      | undefined
  }

  /** Call it when the account is durable. */
  put({ did, stamp, cid, rev, isNew }: TakenAccount): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO taken (did, stamp, cid, rev, is_new) VALUES (?, ?, ?, ?, ?)')
      .run(did, stamp, cid, rev, isNew ? 1 : 0)
  }

  remove(did: string): void {
    this.#db.prepare('DELETE FROM taken WHERE did = ?').run(did)
  }

  all(): TakenAccount[] {
    const rows = this.#db.prepare('SELECT did, stamp, cid, rev, is_new AS isNew FROM taken').all()
    return rows.map((row) => ({ ...row, isNew: row['isNew'] === 1 }) as unknown as TakenAccount)
  }

  close(): void {
    this.#db.close()
  }
}

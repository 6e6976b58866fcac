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

/** How much an account has, for the report. */
export interface TakenContent {
  records: number
  blobs: number
  appPasswords: number
  /** By password or app password. */
  sessions: number
  /** By OAuth. */
  appSessions: number
}

/** Accounts that cannot be taken over, with the reason. */
export interface LeftOut {
  did: string
  reason: string
}

/** What the operator should know of an account that was taken over. */
export interface Note {
  did: string
  note: string
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
        rev TEXT NOT NULL, is_new INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS report (did TEXT PRIMARY KEY, content TEXT NOT NULL,
        notes TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS left_out (did TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID`)
  }

  stampOf(did: string): string | undefined {
    return this.#db.prepare('SELECT stamp FROM taken WHERE did = ?').get(did)?.['stamp'] as
      | string
      | undefined
  }

  /** Call it when the account is durable. */
  put({ did, stamp, cid, rev, isNew }: TakenAccount, content: TakenContent, notes: string[]): void {
    this.#transaction(() => {
      this.#db
        .prepare('INSERT OR REPLACE INTO report (did, content, notes) VALUES (?, ?, ?)')
        .run(did, JSON.stringify(content), JSON.stringify(notes))
      this.#db
        .prepare(
          'INSERT OR REPLACE INTO taken (did, stamp, cid, rev, is_new) VALUES (?, ?, ?, ?, ?)',
        )
        .run(did, stamp, cid, rev, isNew ? 1 : 0)
    })
  }

  remove(did: string): void {
    this.#db.prepare('DELETE FROM taken WHERE did = ?').run(did)
  }

  all(): TakenAccount[] {
    const rows = this.#db.prepare('SELECT did, stamp, cid, rev, is_new AS isNew FROM taken').all()
    return rows.map((row) => ({ ...row, isNew: row['isNew'] === 1 }) as unknown as TakenAccount)
  }

  /** Replaces those of an earlier pass. */
  leaveOut(accounts: readonly LeftOut[]): void {
    this.#transaction(() => {
      this.#db.exec('DELETE FROM left_out')
      const insert = this.#db.prepare('INSERT INTO left_out (did, reason) VALUES (?, ?)')
      for (const { did, reason } of accounts) insert.run(did, reason)
    })
  }

  leftOut(): LeftOut[] {
    const rows = this.#db.prepare('SELECT did, reason FROM left_out ORDER BY did').all()
    return rows.map((row) => ({ ...row }) as unknown as LeftOut)
  }

  /** Of all accounts that are taken over, by this and earlier passes. */
  report(): { content: TakenContent; notes: Note[] } {
    const content = { records: 0, blobs: 0, appPasswords: 0, sessions: 0, appSessions: 0 }
    const notes: Note[] = []
    const sql = 'SELECT did, content, notes FROM report JOIN taken USING (did) ORDER BY did'
    for (const row of this.#db.prepare(sql).iterate()) {
      const { did, ...json } = row as { did: string; content: string; notes: string }
      const counts = JSON.parse(json.content) as TakenContent
      for (const name of Object.keys(content) as (keyof TakenContent)[]) {
        content[name] += counts[name]
      }
      notes.push(...(JSON.parse(json.notes) as string[]).map((note) => ({ did, note })))
    }
    return { content, notes }
  }

  close(): void {
    this.#db.close()
  }

  #transaction(run: () => void): void {
    this.#db.exec('BEGIN')
    try {
      run()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

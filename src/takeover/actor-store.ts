/** The reference's database of one account: its repo, the rows of its blobs, its preferences. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export interface StoreRecord {
  path: string
  cid: string
  takedownRef: string | null
}

export interface StoreBlob {
  cid: string
  mimeType: string
  size: number
  tempKey: string | null
  createdAt: string
  takedownRef: string | null
}

/** Everything is of the moment at which it was opened. Close it. */
export class ActorStore {
  readonly #db: DatabaseSync
  readonly #block: StatementSync

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#block = db.prepare('SELECT content FROM repo_block WHERE cid = ?')
    db.exec('BEGIN')
  }

  /** Undefined if the repo has no commit. `block` is undefined if it is missing. */
  root(did: string): { cid: string; rev: string; block: Uint8Array | undefined } | undefined {
    const row = this.#db.prepare('SELECT cid, rev FROM repo_root WHERE did = ?').get(did)
    if (row === undefined) return undefined
    const { cid, rev } = row as { cid: string; rev: string }
    return { cid, rev, block: this.block(cid) }
  }

  block(cid: string): Uint8Array | undefined {
    return this.#block.get(cid)?.['content'] as Uint8Array | undefined
  }

  /** In the order of their paths, as the tree has them. */
  records(): StoreRecord[] {
    const sql = "SELECT collection || '/' || rkey AS path, cid, takedownRef FROM record"
    const rows = this.#db.prepare(sql).all() as unknown as StoreRecord[]
    return rows.map((row) => ({ ...row })).sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  blobs(): StoreBlob[] {
    const columns = 'cid, mimeType, size, tempKey, createdAt, takedownRef'
    const rows = this.#db.prepare(`SELECT ${columns} FROM blob ORDER BY cid`).all()
    return rows.map((row) => ({ ...row }) as unknown as StoreBlob)
  }

  /** In the order of the last put. */
  preferences(): { name: string; valueJson: string }[] {
    const sql = 'SELECT name, valueJson FROM account_pref ORDER BY id'
    return this.#db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }) as never)
  }

  close(): void {
    this.#db.close()
  }
}

/** The files of a backup, by path. In a temporary database, because a large server has millions of blobs. */
import { DatabaseSync } from 'node:sqlite'
import type { BackedUpFile } from '#src/backup/backup-note.ts'

export class FileIndex implements Disposable {
  readonly #db = temporaryDatabase(
    'CREATE TABLE file (path TEXT PRIMARY KEY, bytes INTEGER, sha256 TEXT, table_id TEXT) WITHOUT ROWID;' +
      'CREATE INDEX by_table ON file (table_id) WHERE table_id IS NOT NULL',
  )
  readonly #put = this.#db.prepare('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)')
  readonly #get = this.#db.prepare('SELECT * FROM file WHERE path = ?')
  readonly #byTable = this.#db.prepare('SELECT * FROM file WHERE table_id = ? LIMIT 1')

  put({ path, bytes, sha256, tableId }: BackedUpFile): void {
    this.#put.run(path, bytes, sha256 ?? null, tableId ?? null)
  }

  get(path: string): BackedUpFile | undefined {
    return fileOf(this.#get.get(path))
  }

  byTableId(tableId: string): BackedUpFile | undefined {
    return fileOf(this.#byTable.get(tableId))
  }

  /** Files below a folder, or with a path, sorted by path. Read to the end, or not at all, before others are put. */
  *below(prefix = ''): Generator<BackedUpFile> {
    const query = 'SELECT * FROM file WHERE substr(path, 1, ?) = ? ORDER BY path'
    const rows = this.#db.prepare(query).iterate(prefix.length, prefix)
    for (const row of rows) yield fileOf(row as unknown as Row)!
  }

  totals(): { files: number; bytes: number } {
    const row = this.#db.prepare('SELECT count(*) AS files, sum(bytes) AS bytes FROM file').get()
    return { files: Number(row!['files']), bytes: Number(row!['bytes'] ?? 0) }
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

/** A set of texts on disk, because it may be too large for memory. */
export class TextSet implements Disposable {
  readonly #db = temporaryDatabase('CREATE TABLE text (text TEXT PRIMARY KEY) WITHOUT ROWID')
  readonly #add = this.#db.prepare('INSERT OR IGNORE INTO text VALUES (?)')
  readonly #has = this.#db.prepare('SELECT 1 FROM text WHERE text = ?')

  add(text: string): void {
    this.#add.run(text)
  }

  has(text: string): boolean {
    return this.#has.get(text) !== undefined
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

interface Row {
  path: string
  bytes: number
  sha256: string | null
  table_id: string | null
}

function fileOf(row: unknown): BackedUpFile | undefined {
  if (row === undefined) return undefined
  const { path, bytes, sha256, table_id: tableId } = row as Row
  return { path, bytes, sha256: sha256 ?? undefined, ...(tableId !== null && { tableId }) }
}

/** A file without a name, which SQLite keeps in memory while it is small. */
function temporaryDatabase(schema: string): DatabaseSync {
  const database = new DatabaseSync('')
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${schema}`)
  return database
}

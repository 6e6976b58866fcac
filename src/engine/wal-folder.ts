/**
 * The write-ahead log in the folder of a RocksDB store, and how to make it durable. The engine writes each transaction
 * to the log before it acknowledges it, but syncs only when it moves the log's content to a table, every 256 MB.
 *
 * Recovery takes a prefix of the log, so earlier files are synced first, and a new file's name with its folder. Tables
 * and the manifest are synced by RocksDB itself, before it deletes the log files that they replace.
 */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { syncFolderNow } from '#src/ports/sync-folder.ts'
import { walFiles } from '#src/ports/wal-files.ts'

interface LogFile {
  fd: number
  /** Synced since a newer file was there: RocksDB writes only to the newest. */
  isComplete: boolean
}

export class WalFolder {
  readonly #path: string
  readonly #fd: number
  readonly #files = new Map<string, LogFile>()

  /** Also makes the folder's own name durable. */
  constructor(path: string) {
    this.#path = path
    syncFolderNow(dirname(path))
    this.#fd = fs.openSync(path, 'r')
  }

  /** Makes all that was written before the call durable. Throws if the disk reports an error. */
  sync(): void {
    const names = walFiles(fs.readdirSync(this.#path))
    const hasNew = names.map((name) => this.#open(name)).includes(true)
    const newest = names.at(-1)
    for (const name of names) {
      const file = this.#files.get(name)
      if (file === undefined || file.isComplete) continue
      fs.fdatasyncSync(file.fd)
      file.isComplete = name !== newest
    }
    if (hasNew) fs.fsyncSync(this.#fd)
    this.#closeExcept(names)
  }

  close(): void {
    this.#closeExcept([])
    fs.closeSync(this.#fd)
  }

  /** Whether it was not open yet. */
  #open(name: string): boolean {
    if (this.#files.has(name)) return false
    try {
      const fd = fs.openSync(join(this.#path, name), 'r')
      this.#files.set(name, { fd, isComplete: false })
      return true
    } catch (error) {
      // RocksDB has deleted it since the folder was read: its content is in a synced table.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }

  #closeExcept(names: readonly string[]): void {
    for (const [name, { fd }] of this.#files) {
      if (names.includes(name)) continue
      fs.closeSync(fd)
      this.#files.delete(name)
    }
  }
}

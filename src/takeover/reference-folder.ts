/** The folder of a reference PDS: its databases, opened for reading only, and its keys. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another process may be writing. */
const BUSY_TIMEOUT_MS = 10_000

export class ReferenceFolder {
  readonly path: string

  /** Throws if there is no reference PDS. */
  constructor(path: string) {
    this.path = resolve(path)
    const missing = ['account.sqlite', 'sequencer.sqlite', 'actors'].find((name) => {
      return !existsSync(join(this.path, name))
    })
    if (missing !== undefined) {
      throw new Error(
        `${this.path} is not the data folder of a reference PDS: it has no ${missing}`,
      )
    }
  }

  get accountPath(): string {
    return join(this.path, 'account.sqlite')
  }

  openAccounts(): DatabaseSync {
    return openForReading(this.accountPath)
  }

  openSequencer(): DatabaseSync {
    return openForReading(join(this.path, 'sequencer.sqlite'))
  }

  /** The folder of one account, with `store.sqlite` and `key`. */
  actorFolder(did: string): string {
    const hash = createHash('sha256').update(did).digest('hex')
    return join(this.path, 'actors', hash.slice(0, 2), did)
  }

  /** Undefined if the account has none. */
  openStore(did: string): DatabaseSync | undefined {
    const path = join(this.actorFolder(did), 'store.sqlite')
    return existsSync(path) ? openForReading(path) : undefined
  }

  /** The private signing key, 32 bytes; undefined if there is none. */
  key(did: string): Uint8Array | undefined {
    return readKey(join(this.actorFolder(did), 'key'))
  }

  /** Private keys that are reserved for accounts to come, by DID or by their own did:key. */
  reservedKeys(): { name: string; key: Uint8Array }[] {
    const folder = join(this.path, 'actors', 'reserved_keys')
    if (!existsSync(folder)) return []
    return readdirSync(folder).flatMap((name) => {
      const key = readKey(join(folder, name))
      return key === undefined ? [] : [{ name, key }]
    })
  }
}

/**
 * Locks the accounts of the reference until the lock is disposed, so that it can neither run nor start. Throws if it
 * runs. The database stays as it is.
 */
export function lockAccounts({ accountPath }: ReferenceFolder): Disposable & { db: DatabaseSync } {
  const db = new DatabaseSync(accountPath)
  try {
    // A process that has the database open in WAL mode holds a shared lock, also while it is idle.
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('BEGIN IMMEDIATE')
    db.exec('ROLLBACK')
  } catch (cause) {
    db.close()
    const message = `${accountPath} is in use: stop the reference PDS first`
    throw new Error(message, { cause })
  }
  return { db, [Symbol.dispose]: () => db.close() }
}

function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
}

function readKey(path: string): Uint8Array | undefined {
  if (!existsSync(path)) return undefined
  const key = readFileSync(path)
  return key.length === 32 ? new Uint8Array(key) : undefined
}

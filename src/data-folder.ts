/** The data folder of a server: its locks and its generated secrets. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Secrets } from '#src/config/secrets.ts'
import { isDiskFull } from '#src/ports/disk-space.ts'
import { makeFolder, syncFolderNow } from '#src/ports/sync-folder.ts'

/** Each component runs in at most one process per data folder. */
export type Component = 'gateway' | 'actors' | 'engine' | 'backup'

export interface FolderSecrets extends Secrets {
  engineToken: string
}

const generators: Record<keyof FolderSecrets, () => string> = {
  jwtSecret: () => randomBytes(32).toString('hex'),
  adminPassword: () => randomBytes(12).toString('base64url'),
  plcRotationKeyHex: () => randomBytes(32).toString('hex'),
  sealKeyHex: () => randomBytes(32).toString('hex'),
  internalToken: () => randomBytes(32).toString('hex'),
  engineToken: () => randomBytes(32).toString('hex'),
}

/** Files of the reference PDS that hold its accounts, in its data folder. */
const referenceFiles = ['account.sqlite', 'sequencer.sqlite', 'actors']

/**
 * Throws if the reference PDS has its accounts in the folder `path`, or at one of `elsewhere`: they would seem to be
 * gone, and their handles could be given away. Called before the folder is touched.
 */
export function refuseReferenceData(path: string, elsewhere: readonly string[]): void {
  const inside = referenceFiles.map((name) => join(resolve(path), name))
  const found = [...inside, ...elsewhere].find(existsSync)
  if (found === undefined) return
  throw new Error(
    `${found} belongs to the reference PDS, whose data Headwater does not read: it would start as an empty server under the same host name. Set PDS_DATA_DIRECTORY to a new folder, and take the accounts over with headwater takeover (docs/operate/takeover.md).`,
  )
}

/** There while `headwater restore` writes into the folder, and after one that was interrupted. */
export const RESTORE_MARKER = 'restoring.json'

/** Throws if a restore into the folder `path` was interrupted: a server would begin with a part of its data. */
export function refuseUnfinishedRestore(path: string): void {
  const marker = join(resolve(path), RESTORE_MARKER)
  if (!existsSync(marker)) return
  throw new Error(
    `A restore into ${resolve(path)} was interrupted: run headwater restore again, which continues (${marker} says so)`,
  )
}

export class DataFolder {
  readonly path: string
  /** For the log. */
  readonly warnings: readonly string[]

  /** Makes the folder, readable by this user only, also if it exists. Throws an error that names it if that fails. */
  constructor(path: string) {
    this.path = resolve(path)
    try {
      makeFolder(this.path)
    } catch (error) {
      throw this.#unusable(error)
    }
    this.warnings = this.#close()
  }

  /** A note on the folder if other users may enter it and that cannot be changed. */
  #close(): string[] {
    const others = 0o077
    if ((statSync(this.path).mode & others) === 0) return []
    try {
      chmodSync(this.path, 0o700)
      return []
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return [
        `Other users can enter ${this.path}, and its mode cannot be changed to 0700 (${code})`,
      ]
    }
  }

  #unusable(error: unknown): Error {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = isDiskFull(error) ? 'the disk is full' : (reasons[code ?? ''] ?? message)
    return new Error(`The data folder ${this.path} (PDS_DATA_DIRECTORY) cannot be used: ${reason}`)
  }

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  /**
   * Locks the components until the lock is disposed or the process exits, even by a crash. Throws an error that names
   * the other process if one is locked already.
   */
  lock(components: readonly Component[]): Disposable {
    using locks = new DisposableStack()
    for (const component of components) locks.use(this.#lock(component))
    return locks.move()
  }

  #lock(component: Component): Disposable {
    const lock = this.#lockFile(`${component}.lock`, 0)
    if (lock === undefined) throw new Error(this.#conflict(component))
    const pidFile = this.at(`${component}.lock-pid`)
    try {
      writeFileSync(pidFile, String(process.pid), { mode: 0o600 })
    } catch (error) {
      // It is for messages only: a full disk can be backed up.
      if (!isDiskFull(error)) throw error
    }
    return lock
  }

  #lockFile(name: string, waitMs: number): Disposable | undefined {
    try {
      return fileLock(this.at(name), waitMs)
    } catch (error) {
      throw this.#unusable(error)
    }
  }

  #conflict(component: Component): string {
    const pid = readIfExists(this.at(`${component}.lock-pid`))
    if (component === 'backup') {
      const by = pid ? ` (process ${pid})` : ''
      return `Another backup of ${this.path} is under way${by}: wait until it has ended`
    }
    const other = `Another Headwater${pid ? ` (process ${pid})` : ''}`
    const hint =
      component === 'engine'
        ? 'Set RIVET_ENDPOINT and RIVET_TOKEN to use that engine from this process.'
        : 'Stop it first, or set PDS_DATA_DIRECTORY to another folder.'
    return `${other} already runs the ${component} of ${this.path}. ${hint}`
  }

  /** A random name of this folder. Call it with the actors locked. */
  id(): string {
    const path = this.at('folder-id')
    const stored = readIfExists(path)
    if (stored) return stored
    const id = randomBytes(16).toString('hex')
    writePrivately(path, id)
    return id
  }

  /**
   * The key by which the engine knows the process that last had actors here, if that did not stop in order: then the
   * engine may not know yet that it has exited. Call it with the actors locked.
   */
  formerEnvoy(): string | undefined {
    return readIfExists(this.at('envoy-key'))
  }

  /** Notes the key of this process; undefined when it has stopped in order, or if it does not know its key. */
  noteEnvoy(key: string | undefined): void {
    const path = this.at('envoy-key')
    if (key === undefined) rmSync(path, { force: true })
    else writePrivately(path, key)
  }

  secrets(configured: Partial<Secrets>): FolderSecrets {
    using lock = this.#lockFile('secrets.lock', 5000)
    if (lock === undefined) throw new Error(`${this.at('secrets.lock')} is held by another process`)
    const path = this.at('secrets.json')
    const stored: Partial<FolderSecrets> = JSON.parse(readIfExists(path) ?? '{}')
    const names = Object.keys(generators) as (keyof FolderSecrets)[]
    const missing = names.filter((name) => stored[name] === undefined && !(name in configured))
    for (const name of missing) stored[name] = generators[name]()
    if (missing.length > 0) writePrivately(path, `${JSON.stringify(stored, null, 2)}\n`)
    return { ...stored, ...configured } as FolderSecrets
  }
}

const reasons: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
}

const SQLITE_BUSY = 5

// Locks the file, or returns undefined if another process still holds the lock after `waitMs`. It is a kernel lock,
// taken through SQLite, and ends with its process: a killed process leaves no stale lock.
// Other users cannot open the file: a shared lock of theirs would keep this process out.
function fileLock(path: string, waitMs: number): Disposable | undefined {
  makePrivate(path)
  const file = new DatabaseSync(path, { timeout: waitMs })
  try {
    // A journal on disk would need room, which a full disk that is to be backed up does not have.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return { [Symbol.dispose]: () => file.close() }
}

// An existing file is not opened here: closing it would end a lock that this process has on it.
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    chmodSync(path, 0o600)
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function writePrivately(path: string, text: string): void {
  const draft = `${path}-draft`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  renameSync(draft, path)
  syncFolderNow(dirname(path))
}

/** For the operator. `path` is the data folder. */
export function diskFull(path: string, cause: unknown): Error {
  const message = `the disk of ${path} (PDS_DATA_DIRECTORY) is full: make room, then run the command again`
  return new Error(message, { cause })
}

/** The data folder of a server: its locks and its generated secrets. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Secrets } from '#src/config/secrets.ts'

/** Each component runs in at most one process per data folder. */
export type Component = 'gateway' | 'actors' | 'engine'

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

export class DataFolder {
  readonly path: string

  constructor(path: string) {
    this.path = resolve(path)
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
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
    const lock = fileLock(this.at(`${component}.lock`), 0)
    if (lock === undefined) throw new Error(this.#conflict(component))
    writeFileSync(this.at(`${component}.lock-pid`), String(process.pid))
    return lock
  }

  #conflict(component: Component): string {
    const pid = readIfExists(this.at(`${component}.lock-pid`))
    const other = `Another Headwater${pid ? ` (process ${pid})` : ''}`
    const hint =
      component === 'engine'
        ? 'Set RIVET_ENDPOINT and RIVET_TOKEN to use that engine from this process.'
        : 'Stop it first, or set PDS_DATA_DIRECTORY to another folder.'
    return `${other} already runs the ${component} of ${this.path}. ${hint}`
  }

  secrets(configured: Partial<Secrets>): FolderSecrets {
    using lock = fileLock(this.at('secrets.lock'), 5000)
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

const SQLITE_BUSY = 5

// Locks the file, or returns undefined if another process still holds the lock after `waitMs`. It is a kernel lock,
// taken through SQLite, and ends with its process: a killed process leaves no stale lock.
function fileLock(path: string, waitMs: number): Disposable | undefined {
  const file = new DatabaseSync(path, { timeout: waitMs })
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
  return { [Symbol.dispose]: () => file.close() }
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
}

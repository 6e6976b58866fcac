/** The folder that holds everything a server keeps on this machine: its locks and its secrets are made here. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Secrets } from '#src/config/config.ts'

/** What a process does in a folder; each is done by at most one process. */
export type Component = 'gateway' | 'actors' | 'engine'

export interface FolderSecrets extends Secrets {
  /** Admin token of the engine that runs on this folder. */
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

  /** Makes the folder, for this user only, if it is not there. */
  constructor(path: string) {
    this.path = resolve(path)
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
  }

  /** The path of something in the folder. */
  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  /**
   * Takes the duties on this folder until the lock is released or the process ends, however it ends. Throws an error
   * that names the other process if one of them is taken.
   */
  lock(duties: readonly Component[]): Disposable {
    using taken = new DisposableStack()
    for (const duty of duties) taken.use(this.#take(duty))
    return taken.move()
  }

  #take(duty: Component): Disposable {
    const lock = fileLock(this.at(`${duty}.lock`), 0)
    if (lock === undefined) throw new Error(this.#refusal(duty))
    writeFileSync(this.at(`${duty}.lock-pid`), String(process.pid))
    return lock
  }

  #refusal(duty: Component): string {
    const pid = readOrNothing(this.at(`${duty}.lock-pid`))
    const other = `Another Headwater${pid ? ` (process ${pid})` : ''}`
    const hint =
      duty === 'engine'
        ? 'Give this process RIVET_ENDPOINT and RIVET_TOKEN to share that engine.'
        : 'Stop it first, or set PDS_DATA_DIRECTORY to another folder.'
    return `${other} already runs the ${duty} of ${this.path}. ${hint}`
  }

  /**
   * The secrets of this server: the given ones, and for the rest the ones kept in `secrets.json`, which are generated
   * when they are first asked for.
   */
  secrets(given: Partial<Secrets>): FolderSecrets {
    using lock = fileLock(this.at('secrets.lock'), 5000)
    if (lock === undefined) throw new Error(`${this.at('secrets.lock')} is held by another process`)
    const path = this.at('secrets.json')
    const kept: Partial<FolderSecrets> = JSON.parse(readOrNothing(path) ?? '{}')
    const names = Object.keys(generators) as (keyof FolderSecrets)[]
    const absent = names.filter((name) => kept[name] === undefined && !(name in given))
    for (const name of absent) kept[name] = generators[name]()
    if (absent.length > 0) writePrivately(path, `${JSON.stringify(kept, null, 2)}\n`)
    return { ...kept, ...given } as FolderSecrets
  }
}

const SQLITE_BUSY = 5

/**
 * A lock that one process holds, or undefined if another one still does after `waitMs`. It is the kernel's, which
 * SQLite takes on the file: it ends with its process, so a killed one leaves no stale lock to recognise.
 */
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

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts a file in place whole or not at all, for this user only. */
function writePrivately(path: string, text: string): void {
  const draft = `${path}-draft`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  renameSync(draft, path)
}

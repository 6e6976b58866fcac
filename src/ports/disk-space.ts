/**
 * How much room the disk of the data folder has, and what is written when there is little.
 *
 * 1. Below a reserve, what users send is refused. The rest is for what a running server must write, such as sessions.
 * 2. Below a quarter of it no transaction of an account is begun.
 * 3. Below an eighth, a file of that size is given back, which was kept for this: the engine, which fails for good once
 *    a write has failed, goes on, and accounts can be read. The file is written again when there is room for it.
 */
import { randomBytes } from 'node:crypto'
import { rmSync, statfsSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 250
/** Under load a disk may fill up within the interval, so a transaction looks again after this time. */
const FRESH_MS = 50
const MB = 1024 * 1024

export interface DiskSpacePorts {
  path: string
  /** In bytes; 0 for no checks. */
  reserveBytes: number
  /** Where space is kept; undefined for none. */
  keptFile: string | undefined
  log: Pick<Log, 'warn' | 'error'>
  measure?: (path: string) => number | undefined
  timer?: Timer
}

export class DiskSpace {
  readonly #ports: DiskSpacePorts
  #freeBytes: number | undefined
  #measuredAt = 0
  #level: 'ok' | 'low' | 'full' = 'ok'
  #keepsSpace = false
  #hasFailed = false

  constructor(ports: DiskSpacePorts) {
    this.#ports = ports
    const { keptFile } = ports
    this.#keepsSpace =
      keptFile !== undefined && statSync(keptFile, { throwIfNoEntry: false }) !== undefined
    this.#measure()
  }

  /** The returned function stops it. */
  start(): () => void {
    const run = async () => {
      this.#measure()
      await this.#keepSpace()
      return INTERVAL_MS
    }
    return startPeriodicTask(this.#ports.timer ?? systemTimer, run, { firstMs: INTERVAL_MS })
  }

  get isLow(): boolean {
    return this.#level !== 'ok'
  }

  /** Whether there is so little that even the engine may soon fail to write. */
  get isExhausted(): boolean {
    return this.#freeBytes !== undefined && this.#freeBytes < this.#keptBytes / 2
  }

  /** Throws 507 InsufficientStorage if what users send is refused. */
  mustHaveRoom(): void {
    if (this.isLow) throw insufficientStorage()
  }

  /** Runs a transaction; throws 507 InsufficientStorage if none may begin. */
  async transaction<T>(run: () => Promise<T>): Promise<T> {
    if (performance.now() - this.#measuredAt > FRESH_MS) this.#measure()
    if (this.#level === 'full') throw insufficientStorage()
    try {
      return await run()
    } catch (error) {
      this.#hasFailed = true
      throw error
    }
  }

  /** Whether a transaction has failed since the last call. */
  takeFailure(): boolean {
    const hasFailed = this.#hasFailed
    this.#hasFailed = false
    return hasFailed
  }

  get #keptBytes(): number {
    return this.#ports.reserveBytes / 8
  }

  #measure(): void {
    const { path, reserveBytes, measure = freeBytesAt, keptFile } = this.#ports
    this.#measuredAt = performance.now()
    this.#freeBytes = measure(path)
    const free = this.#freeBytes ?? Number.POSITIVE_INFINITY
    if (free < this.#keptBytes && this.#keepsSpace && keptFile !== undefined) {
      rmSync(keptFile, { force: true })
      this.#keepsSpace = false
    }
    const level = free < reserveBytes / 4 ? 'full' : free < reserveBytes ? 'low' : 'ok'
    if (level !== this.#level) this.#announce(level)
    this.#level = level
  }

  #announce(level: 'ok' | 'low' | 'full'): void {
    const { path, reserveBytes, log } = this.#ports
    const fields = { path, freeBytes: this.#freeBytes, reserveBytes }
    if (level === 'ok') log.warn(fields, 'the disk has room again')
    if (level === 'low') {
      log.error(fields, 'the disk is nearly full: records, uploads and new accounts are refused')
    }
    if (level === 'full') log.error(fields, 'the disk is full: all writes are refused')
  }

  async #keepSpace(): Promise<void> {
    const { keptFile, reserveBytes } = this.#ports
    const free = this.#freeBytes ?? 0
    if (keptFile === undefined || this.#keepsSpace) return
    if (reserveBytes === 0 || free < reserveBytes + this.#keptBytes) return
    this.#keepsSpace = await writeFile(keptFile, this.#keptBytes)
  }
}

/** Writes random bytes, because some file systems store no zeros. False if that fails. */
async function writeFile(path: string, bytes: number): Promise<boolean> {
  const draft = `${path}-draft`
  try {
    await using file = await open(draft, 'w', 0o600)
    for (let left = bytes; left > 0; left -= MB) await file.write(randomBytes(Math.min(MB, left)))
    await rename(draft, path)
    return true
  } catch {
    await rm(draft, { force: true }).catch(() => {})
    return false
  }
}

/** Free bytes of the disk with this path; undefined if the system does not say. */
export function freeBytesAt(path: string): number | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(path)
    return blocks === 0 ? undefined : bavail * bsize
  } catch {
    return undefined
  }
}

/** Whether a write failed because the disk, or the user's quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** For a `catch`: throws 507 InsufficientStorage for a full disk, and every other error as it is. */
export function rethrowFull(error: unknown): never {
  throw isDiskFull(error) ? insufficientStorage() : error
}

export function insufficientStorage(): XrpcError {
  const message = 'The storage of this server is full. Reading still works; please try again later'
  return new XrpcError(507, 'InsufficientStorage', message)
}

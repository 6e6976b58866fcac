/** Snapshots for running exports: each sees the repo as it was when it began, despite concurrent writes. */
import { randomUUID } from 'node:crypto'
import { type ExportLimits, tooManyByAddress } from '#src/account/export-limits.ts'
import type { Head } from '#src/account/head.ts'
import { invalidRequest, unavailable, type XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Timer } from '#src/ports/timer.ts'
import { lookUp } from '#src/protocol/tree.ts'

/** A repo at one head. */
export interface Snapshot<Progress> {
  readonly head: Head
  /** Blocks that writes have deleted since, by path; only those that the export still needs. */
  readonly replaced: ReadonlyMap<string, Uint8Array>
  readonly progress: Progress
}

/** Who begins an export: `address` counts for its limits if it is known. */
export interface Exporter {
  readonly address?: string | undefined
  /** The account itself or the admin, for whom some slots are kept free. */
  readonly isOwner: boolean
}

interface Open extends Snapshot<unknown> {
  readonly replaced: Map<string, Uint8Array>
  readonly exporter: Exporter
  keptBytes: number
  /** The last path that the export has read. */
  passed: string
  cancelTimer: () => void
}

const IDLE_TIMEOUT_MS = 120_000
const MAX_OPEN = 50
const MAX_OPEN_WITH_OWNER = 60
const MAX_OPEN_BY_ADDRESS = 10
// Ended exports whose last page can be read again.
const MAX_ENDED = 4
const MAX_FAILED = 100

export class Snapshots {
  readonly #timer: Timer
  readonly #limits: ExportLimits
  readonly #open = new Map<string, Open>()
  readonly #ended = new BoundedMap<string, Snapshot<unknown>>(MAX_ENDED)
  readonly #failed = new BoundedMap<string, true>(MAX_FAILED)

  constructor({ timer, limits }: { timer: Timer; limits: ExportLimits }) {
    this.#timer = timer
    this.#limits = limits
  }

  /** Whether an export is running. */
  get hasOpen(): boolean {
    return this.#open.size > 0
  }

  /** Throws 503 if there are too many, and 429 if too many are of this address. */
  begin(head: Head, progress: unknown, exporter: Exporter): string {
    const { address, isOwner } = exporter
    if (this.#open.size >= (isOwner ? MAX_OPEN_WITH_OWNER : MAX_OPEN)) {
      throw unavailable('Too many exports of this repo at once, please try again')
    }
    const own = [...this.#open.values()].filter((open) => open.exporter.address === address)
    if (address !== undefined && own.length >= MAX_OPEN_BY_ADDRESS) throw tooManyByAddress()
    this.#limits.begin(address)
    const id = randomUUID()
    const open: Open = {
      ...{ head, progress, exporter, replaced: new Map(), keptBytes: 0, passed: '' },
      cancelTimer: () => {},
    }
    this.#open.set(id, open)
    this.#restartTimer(id, open)
    return id
  }

  /** Throws 400 ExportExpired if the export has ended, or was lost with its process; 503 if it has failed. */
  use<P>(id: string): Snapshot<P> {
    const open = this.#open.get(id)
    if (open !== undefined) this.#restartTimer(id, open)
    const found = open ?? this.#ended.get(id)
    if (found !== undefined) return found as Snapshot<P>
    if (this.#failed.has(id)) {
      throw unavailable('The repo changed too much during the export, please try again')
    }
    throw exportExpired()
  }

  /** Records up to this path are not needed any more. */
  pass(id: string, path: string): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    open.passed = path
    const block = open.replaced.get(path)
    if (block === undefined) return
    open.replaced.delete(path)
    open.keptBytes -= block.length
    this.#limits.release(block.length)
  }

  /** Its last page can be read again. */
  end(id: string): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.close(id)
    this.#ended.set(id, open)
  }

  close(id: string): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.#open.delete(id)
    open.cancelTimer()
    open.replaced.clear()
    this.#limits.release(open.keptBytes)
    this.#limits.end(open.exporter.address)
  }

  closeAll(): void {
    for (const id of this.#open.keys()) this.close(id)
  }

  /** Whether a running export needs the record with this path and CID. */
  needs(path: string, cid: string): boolean {
    for (const open of this.#open.values()) if (isNeeded(open, path, cid)) return true
    return false
  }

  /** Keeps a record's block that is about to be deleted, for the exports that need it. */
  keep(path: string, cid: string, block: Uint8Array): void {
    for (const [id, open] of this.#open) {
      if (!isNeeded(open, path, cid)) continue
      const fits = open.keptBytes + block.length <= this.#limits.maxKeptBytesEach
      if (fits && this.#limits.keep(block.length)) {
        open.replaced.set(path, block)
        open.keptBytes += block.length
      } else {
        this.close(id)
        this.#failed.set(id, true)
      }
    }
  }

  #restartTimer(id: string, open: Open): void {
    open.cancelTimer()
    open.cancelTimer = this.#timer(IDLE_TIMEOUT_MS, () => this.close(id))
  }
}

function isNeeded({ head, passed, replaced }: Open, path: string, cid: string): boolean {
  return path > passed && !replaced.has(path) && lookUp(head.tree, path) === cid
}

export function exportExpired(): XrpcError {
  return invalidRequest('The export has ended', 'ExportExpired')
}

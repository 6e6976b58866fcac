/** Temporary files for uploads that are read again out of order, with bounds on their number and size. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { unavailable } from '#src/errors.ts'
import { rethrowFull } from '#src/ports/disk-space.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface Range {
  readonly at: number
  readonly length: number
}

export interface SpoolFile {
  /** Bytes appended so far. */
  readonly size: number
  /** Throws 503 if all files together are too large with it, and 507 if the disk is full. */
  append(bytes: Uint8Array): Promise<void>
  /** The bytes of each range, in the order of `ranges`. All of them are in memory at once. */
  read(ranges: readonly Range[]): Promise<Uint8Array[]>
  /** Deletes the file. Idempotent. */
  close(): Promise<void>
}

export interface Spool {
  /** Throws 503 if there are too many files, and 507 if the disk is full. */
  open(): Promise<SpoolFile>
}

export interface SpoolLimits {
  /** A file that is not used for this long is deleted. */
  readonly idleMs: number
  /** Files at the same time. */
  readonly maxFiles: number
  /** Bytes of all files together. */
  readonly maxBytes: number
}

/** Ranges that are closer than this are read at once: a read costs more than some bytes too many. */
const MAX_GAP_BYTES = 16 * 1024
const MAX_READ_BYTES = 2 * 1024 * 1024

export function diskSpool(folder: string, limits: SpoolLimits, timer: Timer): Spool {
  const used = { files: 0, bytes: 0 }
  return {
    open: async () => {
      if (used.files >= limits.maxFiles) throw unavailable('Too many imports at once, please wait')
      used.files++
      try {
        return new DiskSpoolFile(await openUnlinked(folder), { used, limits, timer })
      } catch (error) {
        used.files--
        return rethrowFull(error)
      }
    },
  }
}

/** Nothing is left of an unlinked file if the process exits. */
async function openUnlinked(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const handle = await open(path, 'wx+', 0o600)
  await unlink(path)
  return handle
}

interface Used {
  files: number
  bytes: number
}

class DiskSpoolFile implements SpoolFile {
  readonly #handle: FileHandle
  readonly #used: Used
  readonly #limits: SpoolLimits
  readonly #timer: Timer
  #cancelTimer = () => {}
  #size = 0
  #closed: Promise<void> | undefined

  constructor(
    handle: FileHandle,
    { used, limits, timer }: { used: Used; limits: SpoolLimits; timer: Timer },
  ) {
    this.#handle = handle
    this.#used = used
    this.#limits = limits
    this.#timer = timer
    this.#use()
  }

  get size(): number {
    return this.#size
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#use()
    if (this.#used.bytes + bytes.length > this.#limits.maxBytes) throw noRoom()
    this.#used.bytes += bytes.length
    const at = this.#size
    this.#size += bytes.length
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, null, at + done)
        done += bytesWritten
      }
    } catch (error) {
      rethrowFull(error)
    }
  }

  async read(ranges: readonly Range[]): Promise<Uint8Array[]> {
    this.#use()
    const order = ranges.map((_, i) => i).sort((a, b) => ranges[a]!.at - ranges[b]!.at)
    const found = new Array<Uint8Array>(ranges.length)
    for (let i = 0; i < order.length; ) {
      const from = ranges[order[i]!]!.at
      let to = from
      let end = i
      for (; end < order.length; end++) {
        const { at, length } = ranges[order[end]!]!
        const joins = at - to <= MAX_GAP_BYTES && at + length - from <= MAX_READ_BYTES
        if (end > i && !joins) break
        to = Math.max(to, at + length)
      }
      const bytes = await this.#readAt(from, to - from)
      for (; i < end; i++) {
        const { at, length } = ranges[order[i]!]!
        found[order[i]!] = bytes.subarray(at - from, at - from + length)
      }
    }
    return found
  }

  // An owner that is gone without a word must not keep its place.
  #use(): void {
    this.#cancelTimer()
    if (this.#closed !== undefined)
      throw unavailable('The import was interrupted, please try again')
    this.#cancelTimer = this.#timer(this.#limits.idleMs, () => void this.close().catch(() => {}))
  }

  async #readAt(at: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done)
      if (bytesRead === 0) throw new Error('a spooled file is shorter than what was written to it')
      done += bytesRead
    }
    return bytes
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    this.#cancelTimer()
    this.#used.files--
    this.#used.bytes -= this.#size
    await this.#handle.close()
  }
}

function noRoom() {
  return unavailable('There is no room for the import just now, please try again later')
}

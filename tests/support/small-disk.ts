/** A small disk in memory that a test fills up. Mounting it takes root on Linux. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const MB = 1024 * 1024

export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'headwater-disk-'))
  /** False if this user may not mount one. */
  readonly isMounted: boolean

  constructor(megabytes: number) {
    this.isMounted = this.#mount(megabytes)
  }

  #mount(megabytes: number): boolean {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
    try {
      const options = `size=${megabytes}m,mode=1777`
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.path])
      return true
    } catch {
      return false
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Fills it until so many bytes are free; the returned function gives the space back. */
  fill(leave: number): () => void {
    const path = join(this.path, 'filler')
    const file = openSync(path, 'a')
    try {
      while (this.freeBytes > leave) {
        writeSync(file, Buffer.alloc(Math.min(MB, this.freeBytes - leave)))
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
    return () => rmSync(path)
  }

  remove(): void {
    if (this.isMounted) execFileSync('umount', ['--lazy', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}

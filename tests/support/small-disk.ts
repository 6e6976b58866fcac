/** A small disk of its own, which a test can fill. Mounting one takes root on Linux. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDiskFull } from '#src/ports/disk-space.ts'

export const MB = 1024 * 1024

export interface SmallDisk extends Disposable {
  /** Where it is mounted, or a folder if it could not be. */
  path: string
  isMounted: boolean
  /** Fills it until so many bytes are free; the returned function gives the space back. */
  fill(leave: number): () => void
}

export function smallDisk(megabytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'headwater-disk-'))
  const isMounted = mount(path, megabytes)
  if (!isMounted) process.stdout.write('skipped: only root can mount a small disk\n')
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  }
  return {
    path,
    isMounted,
    fill(leave) {
      const filler = join(path, 'filler')
      const file = openSync(filler, 'a')
      try {
        while (freeBytes() > leave) writeSync(file, Buffer.alloc(Math.min(MB, freeBytes() - leave)))
      } catch (error) {
        if (!isDiskFull(error)) throw error
      } finally {
        closeSync(file)
      }
      return () => rmSync(filler)
    },
    [Symbol.dispose]() {
      if (isMounted) execFileSync('umount', ['--lazy', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

function mount(path: string, megabytes: number): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=1777`, 'tmpfs', path])
    return true
  } catch {
    return false
  }
}

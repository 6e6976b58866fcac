/** How long the engine may take to read the log of its store, which it does before it answers. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { walFiles } from '#src/ports/wal-files.ts'

/** A slow disk on a busy machine. Recovery that is cut short begins again at the next start, so this is generous. */
const BYTES_PER_MS = 500

/** Milliseconds, for the engine's folder `dir`; 0 if there is no store. */
export function recoveryTimeMs(dir: string): number {
  return Math.ceil(logBytes(join(dir, 'db')) / BYTES_PER_MS)
}

function logBytes(folder: string): number {
  try {
    const names = walFiles(readdirSync(folder))
    return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  } catch (error) {
    // No store yet, or none at all: then the engine says so.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0
    throw error
  }
}

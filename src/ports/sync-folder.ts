/** Makes the names in a folder durable: without it, a new or renamed file may be gone after a power failure. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The same, blocking the process. */
export function syncFolderNow(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes the folder and its parents where they are missing, readable by this user only, with durable names. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; ; made = dirname(made)) {
    syncIfReadable(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

// Whoever may add to a folder need not be allowed to list it, and then cannot sync it either.
function syncIfReadable(path: string): void {
  try {
    syncFolderNow(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
  }
}

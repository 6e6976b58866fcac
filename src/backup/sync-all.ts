/** Makes a folder that was written survive a power failure, with everything in it. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '#src/ports/sync-folder.ts'

export async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await syncAll(path)
    else await syncFile(path)
  }
  await syncFolder(folder)
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path)
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** What is in a folder, which may change meanwhile. */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '#src/backup/link-or-copy.ts'

/** Paths relative to the folder. */
export async function* filesBelow(folder: string, prefix = ''): AsyncGenerator<string> {
  for (const entry of await entriesOf(join(folder, prefix))) {
    const path = join(prefix, entry.name)
    if (entry.isDirectory()) yield* filesBelow(folder, path)
    else yield path
  }
}

/** Empty if the folder does not exist. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

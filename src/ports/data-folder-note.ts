/** Files in the data folder by which commands on this machine tell the server what they have done. */
import { chownSync, existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '#src/ports/replace-file.ts'

/** Throws if the folder cannot be written to. */
export async function writeDataFolderNote(
  dataFolder: string,
  name: string,
  note: object,
): Promise<void> {
  await replaceFile(join(dataFolder, name), `${JSON.stringify(note, null, 2)}\n`, (draft) =>
    giveToOwner(dataFolder, [draft]),
  )
}

/** Undefined if there is none. Throws if it cannot be read. */
export async function readDataFolderNote<T>(
  dataFolder: string,
  name: string,
): Promise<T | undefined> {
  const text = await readFile(join(dataFolder, name), 'utf8').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

/** Files that root has made in the data folder are to be the server's. */
export function giveToOwner(dataFolder: string, paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dataFolder)
  for (const path of paths.filter(existsSync)) chownSync(path, uid, gid)
}

/**
 * Links or copies the blobs on disk: `<did>/<cid>`, `tempt/<did>/<key>` and `quarantine/<did>/<cid>` below one folder.
 * A file is not changed once it is complete, which uploads in `tempt` may not be yet; it may be moved between the three,
 * or deleted, meanwhile.
 */
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, hasSameSize, linkOrCopy } from '#src/backup/link-or-copy.ts'

/** Scanned first: uploads move from here to the others. */
const UPLOADS = 'tempt'

export interface BlobFolders {
  location: string
  /** Undefined for `tempt` below `location`. */
  tempLocation: string | undefined
}

/** Adds what is missing in `to`; returns how many files that were. May be called again to catch up. */
export async function copyBlobs(
  from: BlobFolders,
  to: BlobFolders,
  onFile: (added: number) => void = () => {},
): Promise<number> {
  let added = 0
  const place = async (source: string, target: string) => {
    for await (const path of filesBelow(source)) {
      if (await putOnce(join(source, path), join(target, path))) onFile(++added)
    }
  }
  await place(uploadsOf(from), uploadsOf(to))
  const folders = await subfolders(from.location)
  for (const name of folders.filter((name) => name !== UPLOADS)) {
    await place(join(from.location, name), join(to.location, name))
  }
  return added
}

function uploadsOf({ location, tempLocation }: BlobFolders): string {
  return tempLocation ?? join(location, UPLOADS)
}

async function putOnce(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  try {
    // One that was still being uploaded is copied again.
    if (await hasSameSize(from, to)) return false
    await linkOrCopy(from, to)
    return true
  } catch (error) {
    // It is there already, or it was moved or deleted after the folder was read.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Relative paths. */
async function* filesBelow(folder: string, prefix = ''): AsyncGenerator<string> {
  for (const entry of await entriesOf(join(folder, prefix))) {
    const path = join(prefix, entry.name)
    if (entry.isDirectory()) yield* filesBelow(folder, path)
    else yield path
  }
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder)
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * Links or copies the blobs on disk: `<did>/<cid>`, `tempt/<did>/<key>` and `quarantine/<did>/<cid>` below one folder.
 * A file is not changed once it is complete, which uploads in `tempt` may not be yet; it may be moved between the three,
 * or deleted, meanwhile.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { entriesOf, filesBelow } from '#src/backup/files-below.ts'
import { codeOf, copy, hasSameSize, linkOrCopy } from '#src/backup/link-or-copy.ts'

/** Scanned first: uploads move from here to the others. */
const UPLOADS = 'tempt'

export interface BlobFolders {
  location: string
  /** Undefined for `tempt` below `location`. */
  tempLocation: string | undefined
}

interface FoundBlob {
  /** As in a backup: relative, uploads below `tempt`. */
  path: string
  /** Where it is. */
  source: string
}

export async function* blobsIn(folders: BlobFolders): AsyncGenerator<FoundBlob> {
  const uploads = uploadsOf(folders)
  for await (const path of filesBelow(uploads)) {
    yield { path: join(UPLOADS, path), source: join(uploads, path) }
  }
  const { location } = folders
  const others = (await entriesOf(location)).filter((entry) => entry.isDirectory())
  for (const { name } of others.filter(({ name }) => name !== UPLOADS)) {
    for await (const path of filesBelow(join(location, name))) {
      yield { path: join(name, path), source: join(location, name, path) }
    }
  }
}

/** Where a blob of a backup, or of other folders, is to be. */
export function blobPlace(to: BlobFolders, path: string): string {
  return isUpload(path)
    ? join(uploadsOf(to), path.slice(UPLOADS.length + 1))
    : join(to.location, path)
}

/** Whether it may not be complete yet. */
export function isUpload(path: string): boolean {
  return path.startsWith(`${UPLOADS}/`)
}

/** Adds what is missing in `to`; returns how many files that were. May be called again to catch up. */
export async function copyBlobs(
  from: BlobFolders,
  to: BlobFolders,
  onFile: (added: number) => void = () => {},
): Promise<number> {
  let added = 0
  for await (const { path, source } of blobsIn(from)) {
    // An upload that goes on must not change what was copied of it.
    const put = isUpload(path) ? copy : linkOrCopy
    if (await putOnce(source, blobPlace(to, path), put)) onFile(++added)
  }
  return added
}

function uploadsOf({ location, tempLocation }: BlobFolders): string {
  return tempLocation ?? join(location, UPLOADS)
}

async function putOnce(from: string, to: string, put: typeof copy): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  try {
    // One that was still being uploaded is copied again.
    if (await hasSameSize(from, to)) return false
    await put(from, to)
    return true
  } catch (error) {
    // It is there already, or it was moved or deleted after the folder was read.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false
    throw error
  }
}

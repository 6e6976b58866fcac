/** An earlier backup in a folder: what has not changed since is linked, and its hashes are known. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BackedUpFile } from '#src/backup/backup-note.ts'
import { blobPlace, isUpload } from '#src/backup/copy-blobs.ts'
import { FileIndex } from '#src/backup/file-index.ts'
import { filesBelow } from '#src/backup/files-below.ts'
import { sha256Of } from '#src/backup/hash-file.ts'
import { codeOf, hasSameSize, linkOrCopy } from '#src/backup/link-or-copy.ts'
import { BLOBS, type ServerFolders, STORE } from '#src/backup/server-folders.ts'
import { tableIdOf } from '#src/backup/table-id.ts'

interface EarlierFolder {
  path: string
  files: FileIndex
}

/** Links the tables and blobs that the server still has, so that on another disk than its own they are not copied. */
export async function linkUnchanged(
  earlier: EarlierFolder,
  { engine, blobs }: ServerFolders,
  to: string,
): Promise<void> {
  for (const file of earlier.files.below()) {
    const { path } = file
    const name = path.slice(BLOBS.length + 1)
    const isBlob = path.startsWith(`${BLOBS}/`) && !isUpload(name)
    if (isBlob ? blobs === undefined : file.tableId === undefined) continue
    const current = isBlob ? blobPlace(blobs!, name) : join(engine, path.slice('engine/'.length))
    if (await isUnchanged(join(earlier.path, path), current, file)) {
      await mkdir(join(to, dirname(path)), { recursive: true, mode: 0o700 })
      await linkOrCopy(join(earlier.path, path), join(to, path))
    }
  }
}

async function isUnchanged(
  earlier: string,
  current: string,
  { tableId }: BackedUpFile,
): Promise<boolean> {
  if (!(await hasSameSize(earlier, current))) return false
  if (tableId === undefined) return true
  // The engine may have deleted it.
  return (await tableIdOf(current).catch(() => undefined)) === tableId
}

/** Reads a new backup, apart from files that are links to an earlier one's. */
export async function listFolder(
  folder: string,
  earlier: EarlierFolder | undefined,
  report: (progress: string) => void,
): Promise<FileIndex> {
  const files = new FileIndex()
  let done = 0
  for await (const path of filesBelow(folder)) {
    const absolute = join(folder, path)
    const { size: bytes, ino, dev } = await stat(absolute)
    const known = earlier?.files.get(path)
    const isLink = known?.sha256 && (await isSameFile(join(earlier!.path, path), { ino, dev }))
    if (isLink) files.put(known)
    else files.put({ path, bytes, sha256: await sha256Of(absolute), tableId: await idOf(absolute) })
    report(`checksums: ${++done} files`)
  }
  return files
}

function idOf(path: string): Promise<string | undefined> | undefined {
  return path.endsWith('.sst') && path.includes(`/${STORE}/`) ? tableIdOf(path) : undefined
}

async function isSameFile(
  path: string,
  { ino, dev }: { ino: number; dev: number },
): Promise<boolean> {
  try {
    const other = await stat(path)
    return other.ino === ino && other.dev === dev
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

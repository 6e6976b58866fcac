/** Puts a backup where a server will find it; the backup stays as it is. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BackupNote, placesIn, type ServerFolders } from '#src/backup/back-up.ts'
import { copyBlobs } from '#src/backup/copy-blobs.ts'
import { copyStore } from '#src/backup/copy-store.ts'
import { copy } from '#src/backup/link-or-copy.ts'
import { syncAll, syncFile } from '#src/backup/sync-all.ts'
import { DataFolder, RESTORE_MARKER } from '#src/data-folder.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'

const components = ['gateway', 'actors', 'engine'] as const
const ours = (name: string) =>
  name === RESTORE_MARKER || /^(gateway|actors|engine|secrets)\.lock(-pid|-journal)?$/.test(name)

/**
 * Throws if `from` is no complete backup, if a server runs in the data folder, or if a folder to be written is not empty.
 *
 * Unless the server that was backed up was stopped (`isMoved`), it wrote more than the backup has, and relays have seen
 * that. So a note is left that the store goes up to now: at the start, each account announces itself with a new commit
 * (`src/engine/store-watch.ts`).
 */
export async function restore(
  from: string,
  to: ServerFolders,
  options: { isMoved?: boolean; report?: (progress: string) => void; now?: Date } = {},
): Promise<BackupNote> {
  const { isMoved = false, report = () => {}, now = new Date() } = options
  const places = placesIn(from)
  if (!existsSync(places.note)) {
    throw new Error(`${from} is not a complete backup: it has no backup.json`)
  }
  const note = JSON.parse(readFileSync(places.note, 'utf8')) as BackupNote
  const { location, tempLocation } = to.blobs ?? {}
  const blobFolders = [location, tempLocation].filter((folder) => folder !== undefined)
  const written = [to.engine, ...blobFolders]
  using _lock = await lockEmpty(to.data, written)
  const marker = join(to.data, RESTORE_MARKER)
  await writeFile(marker, JSON.stringify(written), { mode: 0o600, flush: true })
  await syncFolder(to.data)
  if (to.blobs !== undefined) {
    await copyBlobs(places.blobs, to.blobs, (added) => report(`blobs: ${added}`))
    for (const folder of blobFolders.filter(existsSync)) await syncAll(folder)
  }
  for (const path of filesOf(places).filter(existsSync)) {
    const target = join(to.data, basename(path))
    await copy(path, target)
    await syncFile(target)
  }
  if (!isMoved) {
    await mkdir(to.engine, { recursive: true, mode: 0o700 })
    const stored = { seq: now.getTime() * 1000, at: now.getTime() }
    await writeFile(join(to.engine, 'stored.json'), JSON.stringify(stored), { mode: 0o600 })
  }
  const part = join(to.engine, 'db.part')
  await copyStore(places.store, part, (done, all) => report(`store: ${done} of ${all} files`))
  await rename(part, join(to.engine, 'db'))
  // Not all of the data folder: closing a lock's file would end the lock.
  await syncAll(to.engine)
  // Until here no server starts on a part of a backup.
  await rm(marker)
  await syncFolder(to.data)
  return note
}

/**
 * Locks the data folder for all roles. Throws if it or a folder of `written` has files, other than what a restore has
 * left that was interrupted, which is deleted.
 */
async function lockEmpty(data: string, written: readonly string[]): Promise<Disposable> {
  const hadFiles = await filesIn(data)
  // Files without a lock of ours are not a server's: nothing is added to them.
  if (hadFiles.length > 0 && !hadFiles.some(ours)) throw notEmpty(data)
  const lock = new DataFolder(data).lock(components)
  try {
    const marker = join(data, RESTORE_MARKER)
    if (existsSync(marker)) {
      const earlier = JSON.parse(await readFile(marker, 'utf8')) as string[]
      const left = [...earlier, ...filesOf(placesIn(data))]
      for (const path of left) await clear(path)
      await rm(marker)
    }
    // The folders to be written may be there, as roots of volumes for example, if they are empty.
    const others = (await filesIn(data)).filter((name) => !written.includes(join(data, name)))
    if (!others.every(ours)) throw notEmpty(data)
    for (const folder of written) if ((await filesIn(folder)).length > 0) throw notEmpty(folder)
    return lock
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

/** Deletes a file, or what is in a folder: that may be the root of a volume. */
async function clear(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const paths = isFolder ? (await filesIn(path)).map((name) => join(path, name)) : [path]
  for (const one of paths) await rm(one, { recursive: true, force: true })
}

const filesOf = ({ secrets, folderId, plc }: ReturnType<typeof placesIn>) => [
  secrets,
  folderId,
  plc,
]

function notEmpty(folder: string): Error {
  return new Error(
    `${folder} is not empty: move it away, or set PDS_DATA_DIRECTORY to a new folder`,
  )
}

async function filesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return []
  return (await readdir(folder)).filter((name) => name !== 'lost+found')
}

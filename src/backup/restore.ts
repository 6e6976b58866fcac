/** Puts a backup where a server will find it; the backup stays as it is. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BackedUpFile, BackupNote } from '#src/backup/backup-note.ts'
import type { BackupSource } from '#src/backup/backup-source.ts'
import { type BlobFolders, blobPlace } from '#src/backup/copy-blobs.ts'
import { TextSet } from '#src/backup/file-index.ts'
import { filesBelow } from '#src/backup/files-below.ts'
import { sizeOf } from '#src/backup/link-or-copy.ts'
import { mustHaveRoom } from '#src/backup/restore-room.ts'
import { lockForRestore } from '#src/backup/restore-target.ts'
import { BLOBS, type ServerFolders, STORE, VARIABLES } from '#src/backup/server-folders.ts'
import { syncAll } from '#src/backup/sync-all.ts'
import { freeBytesAt, isDiskFull } from '#src/ports/disk-space.ts'
import { inParallel } from '#src/ports/in-parallel.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'

/** Blobs are small, and each waits for the disk and for the network. */
const FILES_AT_ONCE = 6

export interface RestoreOptions {
  /** Nothing was written after the backup. */
  isMoved?: boolean
  report?: (progress: string) => void
  now?: Date
  freeBytes?: typeof freeBytesAt
}

/**
 * Throws if a server runs in the data folder, if a folder to be written is not empty, if the disk has not enough room,
 * and if a file is not what was backed up. After an interruption the same call goes on where it was.
 *
 * Unless the server that was backed up was stopped (`isMoved`), it wrote more than the backup has, and relays have seen
 * that. So a note is left that the store goes up to now: at the start, each account announces itself with a new commit
 * (`src/engine/store-watch.ts`).
 */
export async function restore(
  source: BackupSource,
  to: ServerFolders,
  options: RestoreOptions = {},
): Promise<BackupNote> {
  const { isMoved = false, now = new Date() } = options
  const { note } = source
  const backup = `${note.server ?? ''} ${note.at} ${note.listing?.sha256 ?? source.name}`
  using target = await lockForRestore(to, backup)
  const db = join(to.engine, 'db')
  const part = join(to.engine, 'db.part')
  const placeOf = (file: BackedUpFile) => placeIn({ ...to, store: part }, file, source.folder)
  if (target.isResumed) {
    await rename(db, part).catch(() => {})
    await removeOthers(source, target.written, placeOf)
  }
  await mustHaveRoom(source, placeOf, options.freeBytes ?? freeBytesAt)
  try {
    await target.begin()
    if (!isMoved) {
      await mkdir(to.engine, { recursive: true, mode: 0o700 })
      const stored = { seq: now.getTime() * 1000, at: now.getTime() }
      await writeFile(join(to.engine, 'stored.json'), JSON.stringify(stored), { mode: 0o600 })
    }
    await putFiles(source, placeOf, options.report ?? (() => {}))
    // Not all of the data folder: closing a lock's file would end the lock.
    for (const folder of target.written.filter(existsSync)) await syncAll(folder)
  } catch (error) {
    throw isDiskFull(error)
      ? new Error('the disk is full: make room, and run the command again, which continues', {
          cause: error,
        })
      : error
  }
  await rename(part, db)
  await syncFolder(to.engine)
  await syncFolder(to.data)
  // Until here no server starts on a part of a backup.
  await target.end()
  return note
}

/** Undefined for a file that is not restored: the variables stay in a folder, and blobs if they are in a bucket. */
function placeIn(
  { data, blobs, store }: { data: string; blobs: BlobFolders | undefined; store: string },
  { path }: BackedUpFile,
  folder: string | undefined,
): string | undefined {
  if (path.startsWith(`${STORE}/`)) return join(store, path.slice(STORE.length + 1))
  if (path.startsWith(`${BLOBS}/`)) return blobs && blobPlace(blobs, path.slice(BLOBS.length + 1))
  return path === VARIABLES && folder !== undefined ? undefined : join(data, path)
}

type PlaceOf = (file: BackedUpFile) => string | undefined

async function putFiles(
  { files, put }: BackupSource,
  placeOf: PlaceOf,
  report: (progress: string) => void,
): Promise<void> {
  for (const { name, prefix } of [
    { name: 'blobs', prefix: `${BLOBS}/` },
    { name: 'store', prefix: `${STORE}/` },
    { name: 'files', prefix: '' },
  ]) {
    let count = 0
    await inParallel(files.below(prefix), FILES_AT_ONCE, async (file) => {
      const place = placeOf(file)
      const isOfEarlier = prefix === '' && file.path.includes('/')
      if (place === undefined || isOfEarlier) return
      await mkdir(dirname(place), { recursive: true, mode: 0o700 })
      // What has its name was verified by an attempt that was interrupted.
      if ((await sizeOf(place)) !== file.bytes) await put(file, place)
      report(`${name}: ${++count} files`)
    })
  }
}

/** Of an interrupted attempt, deletes what is no part of the backup, or not complete. */
async function removeOthers(
  { files }: BackupSource,
  written: readonly string[],
  placeOf: PlaceOf,
): Promise<void> {
  using wanted = new TextSet()
  for (const file of files.below()) wanted.add(`${placeOf(file)} ${file.bytes}`)
  for (const folder of written) {
    for await (const path of filesBelow(folder)) {
      const absolute = join(folder, path)
      if (!wanted.has(`${absolute} ${await sizeOf(absolute)}`)) await rm(absolute)
    }
  }
}

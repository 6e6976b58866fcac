/**
 * Copies a server's data into a folder, while it runs or not: `engine/db`, `blobs`, `secrets.json`, `folder-id`, in
 * development the PLC directory, and last `backup.json`, without which a folder is not a backup.
 *
 * Blobs are copied before the store and after it: before, for those that are deleted meanwhile, and after, for those
 * that came. So every blob that a record in the store refers to is there, unless it came and went in that time.
 */
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BackupNote, noteText } from '#src/backup/backup-note.ts'
import { copyBlobs } from '#src/backup/copy-blobs.ts'
import { copyStore } from '#src/backup/copy-store.ts'
import { linkUnchanged, listFolder } from '#src/backup/earlier-folder.ts'
import { filesIn, newestBeside, noteIn } from '#src/backup/folder-backups.ts'
import { copy } from '#src/backup/link-or-copy.ts'
import { LISTING, listingOf, noteOf } from '#src/backup/listing.ts'
import {
  BLOBS,
  copyPlc,
  DATA_FILES,
  PLC,
  type ServerFolders,
  STORE,
  serverIdOf,
  storeOf,
  VARIABLES,
} from '#src/backup/server-folders.ts'
import { syncAll } from '#src/backup/sync-all.ts'
import { isDiskFull } from '#src/ports/disk-space.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'

export interface BackupOptions {
  /** The file with the server's variables, to be copied too. */
  variables?: string | undefined
  report?: (progress: string) => void
  now?: Date
}

/**
 * `since`: an earlier backup, of which files that have not changed are linked; by default the newest of this server
 * beside `to`. Throws if `to` is not empty, or if the server has no store. What a failed attempt has written is deleted:
 * on a full disk it would be in the way of the next one.
 */
export async function backUp(
  from: ServerFolders,
  to: string,
  options: BackupOptions & { since?: string | undefined } = {},
): Promise<BackupNote> {
  const store = storeOf(from)
  const server = serverIdOf(from)
  const since = options.since ?? (await newestBeside(to, server))
  const sinceNote = since === undefined ? undefined : noteIn(since)
  if (options.since !== undefined && sinceNote === undefined) {
    throw new Error(`${since} is not a complete backup: it has no backup.json`)
  }
  const isNew = !existsSync(to)
  await makeEmpty(to)
  try {
    using files = sinceNote && (await filesIn(since!, sinceNote))
    const earlier = files && { path: since!, files }
    return await fill(from, to, { ...options, store, server, earlier })
  } catch (error) {
    await deleteAll(to, isNew).catch(() => {})
    throw isDiskFull(error) ? diskFull(to, error) : error
  }
}

interface Work extends BackupOptions {
  store: string
  server: string
  earlier: Parameters<typeof listFolder>[1]
}

async function fill(from: ServerFolders, to: string, work: Work): Promise<BackupNote> {
  const { variables, report = () => {}, now = new Date(), store, server, earlier } = work
  if (earlier) await linkUnchanged(earlier, from, to)
  const blobs = { location: join(to, BLOBS), tempLocation: undefined }
  const copyAllBlobs = async () => {
    if (from.blobs === undefined) return
    await copyBlobs(from.blobs, blobs, (added) => report(`blobs: ${added}`))
  }
  await copyAllBlobs()
  const onFile = (done: number, all: number) => report(`store: ${done} of ${all} files`)
  await copyStore(store, join(to, STORE), onFile)
  await copyAllBlobs()
  const present = DATA_FILES.filter((name) => existsSync(join(from.data, name)))
  for (const name of present) await copy(join(from.data, name), join(to, name))
  // After the store: it has to know every DID that is in there.
  await copyPlc(from, join(to, PLC))
  if (variables !== undefined) await copy(variables, join(to, VARIABLES))
  report('writing to the disk')
  await syncAll(to)
  using listed = await listFolder(to, earlier, report)
  await pipeline(Readable.from(listingOf(listed)), createWriteStream(join(to, LISTING), private_))
  const note = noteOf(from, listed, { now, variables, server })
  await syncAll(to)
  await writeFile(join(to, 'backup.json'), noteText(note), private_)
  await syncFolder(to)
  return note
}

const private_ = { mode: 0o600, flush: true }

function diskFull(to: string, cause: unknown): Error {
  const message = `the disk of ${to} is full: no backup was kept there. Make room, and run the command again`
  return new Error(message, { cause })
}

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await namesIn(folder)
  if (found.length > 0) throw new Error(`${folder} is not empty: name a new folder`)
}

/** With the folder itself, unless it was there before: it may be the root of a volume. */
async function deleteAll(folder: string, isNew: boolean): Promise<void> {
  // First the note: what an interruption leaves is no backup.
  await rm(join(folder, 'backup.json'), { force: true })
  for (const name of await namesIn(folder)) await rm(join(folder, name), { recursive: true })
  if (isNew) await rmdir(folder)
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name !== 'lost+found')
}

/** Backups in folders: each is a folder, beside those of other backups. */
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type BackupNote, parseNote } from '#src/backup/backup-note.ts'
import { FileIndex } from '#src/backup/file-index.ts'
import { filesBelow } from '#src/backup/files-below.ts'
import { LISTING, readListing } from '#src/backup/listing.ts'

export interface FolderBackup {
  name: string
  path: string
  note: BackupNote
}

/** Undefined if the folder is no complete backup. */
export function noteIn(folder: string): BackupNote | undefined {
  const path = join(folder, 'backup.json')
  return existsSync(path) ? parseNote(readFileSync(path, 'utf8'), folder) : undefined
}

/** Complete ones, the oldest first, without those whose note is damaged. */
export async function backupsIn(folder: string): Promise<FolderBackup[]> {
  if (!existsSync(folder)) return []
  const names = await readdir(folder)
  const found = names.flatMap((name) => {
    const path = join(folder, name)
    const note = readableNoteIn(path)
    return note === undefined ? [] : [{ name, path, note }]
  })
  return found.toSorted((a, b) => Date.parse(a.note.at) - Date.parse(b.note.at))
}

/** One that is damaged must not prevent new ones. */
function readableNoteIn(folder: string): BackupNote | undefined {
  try {
    return noteIn(folder)
  } catch {
    return undefined
  }
}

/** The newest complete one of the same server beside a folder. */
export async function newestBeside(folder: string, server: string): Promise<string | undefined> {
  const others = (await backupsIn(dirname(folder))).filter(({ path }) => path !== folder)
  return others.findLast(({ note }) => note.server === server && note.listing)?.path
}

/** What is in a complete backup. Of a backup of an earlier release no hashes are known. */
export async function filesIn(folder: string, note: BackupNote): Promise<FileIndex> {
  if (note.listing !== undefined) {
    return readListing(createReadStream(join(folder, LISTING)), note.listing.sha256, folder)
  }
  const files = new FileIndex()
  for await (const path of filesBelow(folder)) {
    const { size: bytes } = await stat(join(folder, path))
    if (path !== 'backup.json') files.put({ path, bytes, sha256: undefined })
  }
  return files
}

/** A backup that is read: a folder, or one in a repository. */
import { existsSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { BackedUpFile, BackupNote } from '#src/backup/backup-note.ts'
import type { FileIndex } from '#src/backup/file-index.ts'
import { backupsIn, filesIn, noteIn } from '#src/backup/folder-backups.ts'
import { sha256Of } from '#src/backup/hash-file.ts'
import { copy, linkOrCopy } from '#src/backup/link-or-copy.ts'
import { type BackupRepository, damaged } from '#src/backup/repository.ts'
import { syncFile } from '#src/backup/sync-all.ts'

export interface BackupSource extends Disposable {
  /** For messages: where it is. */
  name: string
  id: string
  note: BackupNote
  files: FileIndex
  /** The folder, if it is one: from there files are linked on the same disk. */
  folder: string | undefined
  /**
   * Writes a file of the backup to `target`, where it appears when it is whole and on the disk. Throws an error with its
   * path if it is not what was backed up.
   */
  put(file: BackedUpFile, target: string): Promise<void>
}

/** `folder` is a backup, or has backups, of which it is the newest one or `id`. Throws if there is none. */
export async function openFolder(folder: string, id?: string): Promise<BackupSource> {
  const path = id === undefined ? await backupAt(resolve(folder)) : join(resolve(folder), id)
  const note = noteIn(path)
  if (note === undefined) throw new Error(`${path} is not a complete backup: it has no backup.json`)
  const files = await filesIn(path, note)
  return {
    ...{ name: path, id: basename(path), note, files, folder: path },
    async put(file, target) {
      const source = join(path, file.path)
      if (!existsSync(source)) throw new Error(`${file.path} is missing in ${path}`)
      if (file.sha256 && (await sha256Of(source)) !== file.sha256) throw damaged(file.path)
      if (isShared(file)) await linkOrCopy(source, partOf(target))
      else await copy(source, partOf(target))
      await syncFile(partOf(target))
      await rename(partOf(target), target)
    },
    [Symbol.dispose]: () => files[Symbol.dispose](),
  }
}

/** Whether nothing writes to the file again, so that it may be a link. */
export function isShared({ path }: BackedUpFile): boolean {
  return path.endsWith('.sst') || (path.startsWith('blobs/') && !path.startsWith('blobs/tempt/'))
}

/** The newest backup in a repository, or `id`. Throws if there is none. */
export async function openStored(repository: BackupRepository, id?: string): Promise<BackupSource> {
  const chosen = id ?? (await repository.ids()).at(-1)
  if (chosen === undefined) throw new Error(`${repository.name} has no complete backup`)
  const note = await repository.readNote(chosen)
  const files = await repository.readFiles(chosen, note)
  return {
    ...{ name: `${repository.name} ${chosen}`, id: chosen, note, files, folder: undefined },
    async put({ path, sha256 }, target) {
      if (sha256 === undefined) throw damaged(path)
      await using file = await open(partOf(target), 'w', 0o600)
      for await (const chunk of repository.openFile(sha256, path)) await file.writeFile(chunk)
      await file.datasync()
      await rename(partOf(target), target)
    },
    [Symbol.dispose]: () => files[Symbol.dispose](),
  }
}

async function backupAt(folder: string): Promise<string> {
  if (existsSync(join(folder, 'backup.json'))) return folder
  return (await backupsIn(folder)).at(-1)?.path ?? folder
}

const partOf = (target: string) => `${target}.part`

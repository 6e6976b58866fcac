/** Deletes old backups, and what no other one has. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { timeOfBackup } from '#src/backup/backup-note.ts'
import { type FileIndex, TextSet } from '#src/backup/file-index.ts'
import { backupsIn } from '#src/backup/folder-backups.ts'
import type { BackupRepository } from '#src/backup/repository.ts'
import type { RepositoryLock } from '#src/backup/repository-lock.ts'
import { expired, type Retention } from '#src/retention.ts'

const DELETED_AT_ONCE = 500

/**
 * Call it with the lock, after a backup is complete: then what belongs to none is of one that was interrupted. Returns
 * the ids of the deleted backups. Throws, before anything is collected, if a kept one cannot be read.
 */
export async function pruneRepository(
  repository: BackupRepository,
  lock: Pick<RepositoryLock, 'mustHold'>,
  rule: Retention,
  report: (progress: string) => void = () => {},
): Promise<string[]> {
  await lock.mustHold()
  const complete = await repository.ids()
  if (complete.length === 0) return []
  const deleted = expired(
    complete.map((id) => ({ id, at: timeOfBackup(id) ?? Number.POSITIVE_INFINITY })),
    rule,
  )
  const kept = complete.filter((id) => !deleted.includes(id))
  const unfinished = (await repository.allIds()).filter((id) => !complete.includes(id))
  using needed = await objectsOf(repository, kept)
  for (const id of [...deleted, ...unfinished]) await repository.deleteBackup(id)
  const { storage } = repository
  let batch: string[] = []
  let count = 0
  const flush = async () => {
    await lock.mustHold()
    await storage.delete(batch)
    count += batch.length
    report(`collected: ${count}`)
    batch = []
  }
  for await (const { key } of storage.list('objects/')) {
    if (needed.has(key)) continue
    batch.push(key)
    if (batch.length === DELETED_AT_ONCE) await flush()
  }
  if (batch.length > 0) await flush()
  return deleted
}

async function objectsOf(repository: BackupRepository, ids: readonly string[]): Promise<TextSet> {
  using stack = new DisposableStack()
  const needed = stack.use(new TextSet())
  for (const id of ids) {
    using files = await filesOf(repository, id)
    for (const { sha256 } of files.below()) if (sha256) needed.add(repository.keyOf(sha256))
  }
  stack.move()
  return needed
}

async function filesOf(repository: BackupRepository, id: string): Promise<FileIndex> {
  try {
    return await repository.readFiles(id, await repository.readNote(id))
  } catch (cause) {
    throw new Error(`backup ${id} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** Of the complete backups of a server in the folder. What others share with them by hard links stays. */
export async function pruneFolder(
  folder: string,
  server: string,
  rule: Retention,
): Promise<string[]> {
  const own = (await backupsIn(folder)).filter(({ note }) => note.server === server)
  const deleted = expired(
    own.map(({ name, note }) => ({ id: name, at: Date.parse(note.at) })),
    rule,
  )
  for (const name of deleted) {
    // First the note: what an interruption leaves is no backup.
    await rm(join(folder, name, 'backup.json'), { force: true })
    await rm(join(folder, name), { recursive: true, force: true })
  }
  return deleted
}

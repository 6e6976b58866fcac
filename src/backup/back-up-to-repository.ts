/**
 * Backs a server up into a repository, while it runs or not. Of what is there already nothing is sent again: neither the
 * tables and blobs of earlier backups, nor what an interrupted attempt has stored.
 */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { BackupOptions } from '#src/backup/back-up.ts'
import { type BackupNote, backupId } from '#src/backup/backup-note.ts'
import { blobsIn, isUpload } from '#src/backup/copy-blobs.ts'
import { copyStore } from '#src/backup/copy-store.ts'
import type { FileIndex } from '#src/backup/file-index.ts'
import { noteOf } from '#src/backup/listing.ts'
import { pruneRepository } from '#src/backup/prune.ts'
import type { BackupRepository } from '#src/backup/repository.ts'
import { lockRepository } from '#src/backup/repository-lock.ts'
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
import { Upload } from '#src/backup/upload.ts'
import { systemClock } from '#src/ports/clock.ts'
import { isDiskFull } from '#src/ports/disk-space.ts'
import { sizeText } from '#src/ports/size-text.ts'
import { systemTimer } from '#src/ports/timer.ts'
import type { Retention } from '#src/retention.ts'

/** Beside the store, for the links to its tables. */
const DRAFT = 'backup-draft'

export interface StoredBackup {
  id: string
  note: BackupNote
  uploadedFiles: number
  uploadedBytes: number
  /** Ids of backups that were not to be kept. */
  deleted: string[]
  /** Why none could be deleted. */
  notDeleted?: string
}

/**
 * Call it with the data folder locked for `backup`. `keep`: deletes what it does not name, once the new backup is
 * complete. Throws if another process writes into the repository, and if that has the backups of another server.
 */
export async function backUpTo(
  repository: BackupRepository,
  from: ServerFolders,
  options: BackupOptions & { keep?: Retention | undefined; clock?: typeof systemClock } = {},
): Promise<StoredBackup> {
  const { variables, report = () => {}, clock = systemClock, now = new Date(clock.now()) } = options
  if (variables !== undefined && !repository.isEncrypted) {
    throw new Error(
      'the variables are not sent unencrypted: set PDS_BACKUP_KEY_HEX, or leave out --env-file',
    )
  }
  const store = storeOf(from)
  const server = serverIdOf(from)
  const holder = { host: hostname(), folder: from.data, server }
  await using lock = await lockRepository(repository.storage, holder, { clock, timer: systemTimer })
  using earlier = await newestOf(repository, server)
  using objects = await repository.objects()
  using upload = new Upload({ repository, earlier, objects })
  const draft = join(from.engine, DRAFT)
  await rm(draft, { recursive: true, force: true })
  try {
    await addBlobs(upload, from, report)
    await copyStore(store, draft)
    await addBlobs(upload, from, report)
    await addStore(upload, draft, report)
    const files = DATA_FILES.filter((name) => existsSync(join(from.data, name)))
    for (const name of files) await upload.add(name, join(from.data, name))
    // After the store: it has to know every DID that is in there.
    const plc = join(draft, PLC)
    if (await copyPlc(from, plc)) await upload.add(PLC, plc)
    if (variables !== undefined) await upload.add(VARIABLES, variables)
    await upload.settled()
  } catch (error) {
    if (!isDiskFull(error)) throw error
    const message = `the disk of ${from.engine} is full: make room there for a copy of the engine's logs, and run the command again`
    throw new Error(message, { cause: error })
  } finally {
    await upload.settled().catch(() => {})
    await rm(draft, { recursive: true, force: true })
  }
  const note = noteOf(from, upload.files, { now, variables, server })
  const id = backupId(now)
  await lock.mustHold()
  await repository.writeBackup(id, upload.files, note)
  const { keep } = options
  const pruned: Pick<StoredBackup, 'deleted' | 'notDeleted'> =
    keep === undefined
      ? { deleted: [] }
      : await pruneRepository(repository, lock, keep, report).then(
          (deleted) => ({ deleted }),
          // The new backup is complete all the same.
          (error: Error) => ({ deleted: [], notDeleted: error.message }),
        )
  const { uploadedFiles, uploadedBytes } = upload
  return { id, note, uploadedFiles, uploadedBytes, ...pruned }
}

async function addBlobs(
  upload: Upload,
  { blobs }: ServerFolders,
  report: (progress: string) => void,
): Promise<void> {
  if (blobs === undefined) return
  let count = 0
  for await (const { path, source } of blobsIn(blobs)) {
    await upload.add(join(BLOBS, path), source, isUpload(path) ? 'upload' : 'blob')
    report(`blobs: ${++count}, ${sent(upload)}`)
  }
  await upload.settled()
}

async function addStore(
  upload: Upload,
  draft: string,
  report: (progress: string) => void,
): Promise<void> {
  const names = await readdir(draft)
  for (const [i, name] of names.entries()) {
    const kind = name.endsWith('.sst') ? 'table' : 'other'
    await upload.add(`${STORE}/${name}`, join(draft, name), kind)
    report(`store: ${i + 1} of ${names.length} files, ${sent(upload)}`)
  }
  await upload.settled()
}

function sent({ uploadedBytes }: Upload): string {
  return `${sizeText(uploadedBytes)} sent`
}

/**
 * The files of the newest backup that can be read: one that is damaged must not prevent new ones. Throws if there are
 * backups and none can be read, as with another key, and if they are of another server.
 */
async function newestOf(
  repository: BackupRepository,
  server: string,
): Promise<FileIndex | undefined> {
  let failure: Error | undefined
  for (const id of (await repository.ids()).reverse()) {
    const found = await readBackup(repository, id).catch((error: Error) => {
      failure ??= error
    })
    if (found === undefined) continue
    if (found.note.server === server) return found.files
    found.files[Symbol.dispose]()
    throw new Error(
      `${repository.name} has the backups of another server: use another prefix for this one`,
    )
  }
  if (failure === undefined) return undefined
  const message = `the backups in ${repository.name} cannot be read, use another prefix: ${failure.message}`
  throw new Error(message, { cause: failure })
}

async function readBackup(repository: BackupRepository, id: string) {
  const note = await repository.readNote(id)
  return { note, files: await repository.readFiles(id, note) }
}

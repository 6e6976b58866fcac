/**
 * Copies a server's data into a folder, while it runs or not: `engine/db`, `blobs`, `secrets.json`, `folder-id`, in
 * development the PLC directory, and last `backup.json`, without which a folder is not a backup.
 *
 * Blobs are copied before the store and after it: before, for those that are deleted meanwhile, and after, for those
 * that came. So every blob that a record in the store refers to is there, unless it came and went in that time.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { type BlobFolders, copyBlobs } from '#src/backup/copy-blobs.ts'
import { copyStore } from '#src/backup/copy-store.ts'
import { codeOf, copy } from '#src/backup/link-or-copy.ts'
import { syncAll } from '#src/backup/sync-all.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'
import { release } from '#src/release.ts'

export interface ServerFolders {
  data: string
  /** With the store in `db`. */
  engine: string
  /** Undefined if blobs are in a bucket. */
  blobs: BlobFolders | undefined
}

export interface BackupNote {
  at: string
  release: number
  hasBlobs: boolean
  hasVariables: boolean
}

const NOTE = 'backup.json'
const VARIABLES = 'headwater.env'

/** Where the parts of a backup are. */
export const placesIn = (folder: string) => ({
  note: join(folder, NOTE),
  variables: join(folder, VARIABLES),
  store: join(folder, 'engine', 'db'),
  blobs: { location: join(folder, 'blobs'), tempLocation: undefined },
  secrets: join(folder, 'secrets.json'),
  /** Names the process whose accounts may have undelivered events. */
  folderId: join(folder, 'folder-id'),
  plc: join(folder, 'plc.sqlite'),
})

/**
 * `variables`: the file with the server's variables, to be copied too. Throws if `to` is not empty, or if the server has
 * no store.
 */
export async function backUp(
  from: ServerFolders,
  to: string,
  options: { variables?: string | undefined; report?: (progress: string) => void; now?: Date } = {},
): Promise<BackupNote> {
  const { variables, report = () => {}, now = new Date() } = options
  const store = join(from.engine, 'db')
  if (!existsSync(join(store, 'CURRENT')))
    throw new Error(
      `${from.data} has no data of a server: set PDS_DATA_DIRECTORY to the server's data folder`,
    )
  await makeEmpty(to)
  const places = placesIn(to)
  const copyAllBlobs = async () => {
    if (from.blobs === undefined) return
    await copyBlobs(from.blobs, places.blobs, (added) => report(`blobs: ${added}`))
  }
  await copyAllBlobs()
  await copyStore(store, places.store, (done, all) => report(`store: ${done} of ${all} files`))
  await copyAllBlobs()
  await copyIfExists(join(from.data, 'secrets.json'), places.secrets)
  await copyIfExists(join(from.data, 'folder-id'), places.folderId)
  // After the store: it has to know every DID that is in there.
  await copyDatabase(join(from.data, 'plc.sqlite'), places.plc)
  if (variables !== undefined) await copy(variables, places.variables)
  report('writing to the disk')
  await syncAll(to)
  const note: BackupNote = {
    at: now.toISOString(),
    release,
    hasBlobs: from.blobs !== undefined,
    hasVariables: variables !== undefined,
  }
  await writeFile(places.note, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600, flush: true })
  await syncFolder(to)
  return note
}

async function makeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = (await readdir(folder)).filter((name) => name !== 'lost+found')
  if (found.length > 0) throw new Error(`${folder} is not empty: name a new folder`)
}

async function copyIfExists(from: string, to: string): Promise<void> {
  await copy(from, to).catch((error) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
}

async function copyDatabase(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return
  const database = new DatabaseSync(from, { readOnly: true })
  try {
    await backup(database, to)
  } finally {
    database.close()
  }
}

/** Where a server has its data, and where the parts of it are in a backup. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import type { BlobFolders } from '#src/backup/copy-blobs.ts'

export interface ServerFolders {
  data: string
  /** With the store in `db`. */
  engine: string
  /** Undefined if blobs are in a bucket. */
  blobs: BlobFolders | undefined
}

/** Paths in a backup. */
export const STORE = 'engine/db'
export const BLOBS = 'blobs'
export const VARIABLES = 'headwater.env'
export const PLC = 'plc.sqlite'
/** `folder-id` names the process whose accounts may have undelivered events. */
export const DATA_FILES = ['secrets.json', 'folder-id']

/** The folder of the store. Throws if there is none. */
export function storeOf({ data, engine }: ServerFolders): string {
  const store = join(engine, 'db')
  if (existsSync(join(store, 'CURRENT'))) return store
  throw new Error(
    `${data} has no data of a server: set PDS_DATA_DIRECTORY to the server's data folder`,
  )
}

/** The random name of the data folder; empty if it has none yet. */
export function serverIdOf({ data }: Pick<ServerFolders, 'data'>): string {
  const path = join(data, 'folder-id')
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

/** Copies the PLC directory of a development server. False if there is none. */
export async function copyPlc({ data }: ServerFolders, to: string): Promise<boolean> {
  const from = join(data, PLC)
  if (!existsSync(from)) return false
  const database = new DatabaseSync(from, { readOnly: true })
  try {
    await backup(database, to)
    return true
  } finally {
    database.close()
  }
}

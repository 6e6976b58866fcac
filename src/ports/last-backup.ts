/** `last-backup.json` in the data folder: what `headwater backup` has done last, for the server that runs there. */
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '#src/ports/sync-folder.ts'

const NAME = 'last-backup.json'
const MAX_ERROR_LENGTH = 500

export interface WholeBackup {
  /** When it was begun: it has everything that was acknowledged before. ISO 8601. */
  at: string
  /** A folder, or a bucket. */
  to: string
  /** Undefined if it is not known. */
  bytes?: number
}

export interface LastBackup {
  /** ISO 8601. */
  at: string
  /** A folder, or a bucket. */
  to: string
  ok: boolean
  bytes?: number
  /** Why it failed. */
  error?: string
  /** The last one that did not fail; this one if `ok`. */
  whole?: WholeBackup
}

/** Call it when a backup is complete. Throws if the folder cannot be written to. */
export async function noteBackup(dataFolder: string, backup: WholeBackup): Promise<void> {
  await write(dataFolder, { ...backup, ok: true, whole: backup })
}

/** Call it when a backup has failed. Does nothing if there is no server in the folder, so that it stays empty. */
export async function noteFailedBackup(
  dataFolder: string,
  { at, to, error }: { at: string; to: string; error: string },
): Promise<void> {
  if (!existsSync(join(dataFolder, 'folder-id'))) return
  const whole = (await readLastBackup(dataFolder))?.whole
  await write(dataFolder, {
    ...{ at, to, ok: false, error: error.slice(0, MAX_ERROR_LENGTH) },
    ...(whole !== undefined && { whole }),
  })
}

/** Undefined if none was noted here. Throws if the file cannot be read. */
export async function readLastBackup(dataFolder: string): Promise<LastBackup | undefined> {
  const text = await readFile(join(dataFolder, NAME), 'utf8').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : (JSON.parse(text) as LastBackup)
}

/** The command may run as root, and the server must be able to read the file: others cannot enter the folder. */
async function write(dataFolder: string, note: LastBackup): Promise<void> {
  const path = join(dataFolder, NAME)
  const draft = `${path}-draft`
  await writeFile(draft, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o644, flush: true })
  await rename(draft, path)
  await syncFolder(dataFolder)
}

/** `last-backup.json` in the data folder: what `headwater backup` has done last, for the server that runs there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readDataFolderNote, writeDataFolderNote } from '#src/ports/data-folder-note.ts'

const NAME = 'last-backup.json'
const MAX_ERROR_LENGTH = 500

export interface CompleteBackup {
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
  complete?: CompleteBackup
}

/** Call it when a backup is complete. Throws if the folder cannot be written to. */
export async function noteBackup(dataFolder: string, backup: CompleteBackup): Promise<void> {
  await writeDataFolderNote(dataFolder, NAME, { ...backup, ok: true, complete: backup })
}

/** Call it when a backup has failed. Does nothing if there is no server in the folder, so that it stays empty. */
export async function noteFailedBackup(
  dataFolder: string,
  { at, to, error }: { at: string; to: string; error: string },
): Promise<void> {
  if (!existsSync(join(dataFolder, 'folder-id'))) return
  const complete = (await readLastBackup(dataFolder))?.complete
  await writeDataFolderNote(dataFolder, NAME, {
    ...{ at, to, ok: false, error: error.slice(0, MAX_ERROR_LENGTH) },
    ...(complete !== undefined && { complete }),
  })
}

/** Undefined if none was noted here. Throws if the file cannot be read. */
export function readLastBackup(dataFolder: string): Promise<LastBackup | undefined> {
  return readDataFolderNote(dataFolder, NAME)
}

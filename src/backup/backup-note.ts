/** `backup.json`, which is written last: a backup without it is not complete. */
import { createHash } from 'node:crypto'

export interface BackupNote {
  /** When it began, in ISO 8601: it has everything that was acknowledged before. */
  at: string
  release: number
  hasBlobs: boolean
  hasVariables: boolean
  /** The random name of the data folder. */
  server?: string | undefined
  /** Of the list of all files beside it; absent in backups of earlier releases. */
  listing?: { files: number; bytes: number; sha256: string } | undefined
}

/** A file of a backup. */
export interface BackedUpFile {
  /** Relative, such as `engine/db/000012.sst` or `blobs/<did>/<cid>`. */
  path: string
  bytes: number
  /** Undefined in backups of earlier releases, which are not verified. */
  sha256: string | undefined
  /** What tells a table of the store from all others (`src/backup/table-id.ts`). */
  tableId?: string | undefined
}

/** The name of a backup among others, which sorts by time: `2026-11-29T03-00-00Z`. */
export function backupId(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}

/** Undefined if it is no name of a backup. */
export function timeOfBackup(id: string): number | undefined {
  const [, day, hours, minutes, seconds] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z$/.exec(id) ?? []
  const time = Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`)
  return Number.isNaN(time) ? undefined : time
}

export function noteText(note: BackupNote): string {
  return `${JSON.stringify({ ...note, sha256: checksum(note) }, null, 2)}\n`
}

/** `name` is that of the backup. Throws if the note is damaged. */
export function parseNote(text: string, name: string): BackupNote {
  try {
    const { sha256, ...note } = JSON.parse(text) as BackupNote & { sha256?: string }
    const isWhole = typeof note.at === 'string' && typeof note.release === 'number'
    // Earlier releases wrote no checksum, and no listing.
    const isRight = sha256 === undefined ? note.listing === undefined : sha256 === checksum(note)
    if (isWhole && isRight) return note
  } catch {
    // Not JSON.
  }
  throw new Error(`backup.json of ${name} is damaged`)
}

function checksum(note: BackupNote): string {
  return createHash('sha256').update(JSON.stringify(note)).digest('hex')
}

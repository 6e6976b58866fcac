/** A file beside the engine's store that says how far the store went when it was last seen. */
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '#src/ports/sync-folder.ts'

export interface StoreNote {
  /** Seq up to which the firehose log was stored. */
  seq: number
  /** When that was seen. */
  at: number
  loss?: StoreLoss
}

export interface StoreLoss {
  /** Up to which seq the store went, and up to which it should have gone. A seq is µs since 1970. */
  foundSeq: number
  notedSeq: number
  foundAt: number
  /** Accounts that have announced themselves since, and whether all have. */
  announced: number
  isAnnounced: boolean
  /** Of the directory's list, after those accounts. */
  cursor?: string
}

/** Undefined if there is none, or if it cannot be read. */
export function readNote(path: string): StoreNote | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StoreNote
  } catch {
    return undefined
  }
}

/** Durably, and in one step: after a power failure the file is as before or as after. */
export async function writeNote(path: string, note: StoreNote): Promise<void> {
  const draft = `${path}-draft`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(note))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

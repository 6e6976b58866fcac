/** A file beside the engine's store that says how far the store went when it was last seen. */
import { readFileSync } from 'node:fs'
import { replaceFile } from '#src/ports/replace-file.ts'

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

export async function writeNote(path: string, note: StoreNote): Promise<void> {
  await replaceFile(path, JSON.stringify(note))
}

/** `last-drill.json` in the data folder: how `headwater backup drill` ended last, for the server that runs there. */
import { existsSync } from 'node:fs'
import { readDataFolderNote, writeDataFolderNote } from '#src/ports/data-folder-note.ts'

const NAME = 'last-drill.json'

export interface LastDrill {
  /** ISO 8601. */
  at: string
  /** The backup, and when that was begun. */
  from: string
  backupAt: string
  accounts: number
  /** Repos of which everything was verified. */
  verifiedRepos: number
  problems: string[]
  ok: boolean
}

/** Does nothing if this machine has no server. */
export async function noteDrill(dataFolder: string, drill: LastDrill): Promise<void> {
  if (existsSync(dataFolder)) await writeDataFolderNote(dataFolder, NAME, drill)
}

/** Undefined if none was noted here. Throws if the file cannot be read. */
export function readLastDrill(dataFolder: string): Promise<LastDrill | undefined> {
  return readDataFolderNote(dataFolder, NAME)
}

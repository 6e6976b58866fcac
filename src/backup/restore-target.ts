/** The folders that a backup is restored into: empty ones, or those of a restore that was interrupted. */
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DATA_FILES, PLC, type ServerFolders, VARIABLES } from '#src/backup/server-folders.ts'
import { DataFolder, RESTORE_MARKER } from '#src/data-folder.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'

const components = ['gateway', 'actors', 'engine', 'backup'] as const
const MARKER_DRAFT = `${RESTORE_MARKER}-draft`
const ours = (name: string) =>
  name === RESTORE_MARKER ||
  name === MARKER_DRAFT ||
  /^(gateway|actors|engine|backup|secrets)\.lock(-pid|-journal)?$/.test(name)

/** What a restore writes into the data folder itself. */
const dataFiles = [...DATA_FILES, PLC, VARIABLES]

interface RestoreTarget extends Disposable {
  /** The folders that are written, with all that is in them. */
  written: string[]
  /** The same backup was being restored here before. */
  isResumed: boolean
  /** Call it before anything is written: until `end` no server starts there. */
  begin(): Promise<void>
  end(): Promise<void>
}

interface Marker {
  written: string[]
  backup: string
}

/**
 * Locks the data folder for all roles. `backup` tells one backup from others. Throws if the data folder or another folder
 * to be written has files, other than what an interrupted restore has left; that of another backup is deleted.
 */
export async function lockForRestore(to: ServerFolders, backup: string): Promise<RestoreTarget> {
  const { location, tempLocation } = to.blobs ?? {}
  const written = [to.engine, location, tempLocation].filter((path) => path !== undefined)
  const hadFiles = await namesIn(to.data)
  // Files without a lock of ours are not a server's: nothing is added to them.
  if (hadFiles.length > 0 && !hadFiles.some(ours)) throw notEmpty(to.data)
  const lock = new DataFolder(to.data).lock(components)
  const marker = join(to.data, RESTORE_MARKER)
  try {
    const earlier = await readMarker(marker)
    const isResumed = earlier?.backup === backup && String(earlier.written) === String(written)
    if (!isResumed) {
      if (earlier !== undefined) await clearAll(to.data, earlier.written, marker)
      await mustBeEmpty(to.data, written)
    }
    return {
      ...{ written, isResumed },
      async begin() {
        // Under its name it is complete: one that was cut off could not be read by the next attempt.
        const draft = join(to.data, MARKER_DRAFT)
        await writeFile(draft, JSON.stringify({ written, backup } satisfies Marker), {
          ...{ mode: 0o600, flush: true },
        })
        await rename(draft, marker)
        await syncFolder(to.data)
      },
      async end() {
        await rm(marker)
        await syncFolder(to.data)
      },
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

async function mustBeEmpty(data: string, written: readonly string[]): Promise<void> {
  // The folders to be written may be there, as roots of volumes for example, if they are empty.
  const others = (await namesIn(data)).filter((name) => !written.includes(join(data, name)))
  if (!others.every(ours)) throw notEmpty(data)
  for (const folder of written) if ((await namesIn(folder)).length > 0) throw notEmpty(folder)
}

/** Of an earlier release it has the folders only. */
async function readMarker(path: string): Promise<Marker | undefined> {
  if (!existsSync(path)) return undefined
  const found = JSON.parse(await readFile(path, 'utf8')) as Marker | string[]
  return Array.isArray(found) ? { written: found, backup: '' } : found
}

async function clearAll(data: string, written: readonly string[], marker: string): Promise<void> {
  const files = dataFiles.flatMap((name) => [join(data, name), join(data, `${name}.part`)])
  for (const path of [...written, ...files]) await clear(path)
  await rm(marker)
}

/** Deletes a file, or what is in a folder: that may be the root of a volume. */
async function clear(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  const paths = isFolder ? (await namesIn(path)).map((name) => join(path, name)) : [path]
  for (const one of paths) await rm(one, { recursive: true, force: true })
}

function notEmpty(folder: string): Error {
  return new Error(
    `${folder} is not empty: move it away, or set PDS_DATA_DIRECTORY to a new folder`,
  )
}

async function namesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return []
  return (await readdir(folder)).filter((name) => name !== 'lost+found')
}

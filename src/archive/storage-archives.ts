/** Finds archives in a storage. An archive is complete if it has a manifest, which is stored last. */
import { readBlobList } from '#src/archive/blob-list.ts'
import { ACCOUNTS, archivesOf, partKey, timeOf } from '#src/archive/keys.ts'
import { MAX_MANIFEST_BYTES } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { type ArchiveStorage, readObject } from '#src/ports/archive-storage.ts'

/** DIDs that have archives, or blobs of archives that were deleted. */
export function archivedAccounts(storage: ArchiveStorage): AsyncIterable<string> {
  return storage.folders(ACCOUNTS)
}

export interface FoundArchives {
  /** Newest first. */
  complete: string[]
  /** Being made, or left by a process that was killed. */
  incomplete: string[]
}

export async function findArchives(storage: ArchiveStorage, did: string): Promise<FoundArchives> {
  const names: string[] = []
  for await (const name of storage.folders(archivesOf(did))) {
    if (timeOf(name) !== undefined) names.push(name)
  }
  const found: FoundArchives = { complete: [], incomplete: [] }
  for (const name of names.toSorted().reverse()) {
    const size = await storage.sizeOf(partKey(did, name, 'manifest.json'))
    ;(size === undefined ? found.incomplete : found.complete).push(name)
  }
  return found
}

/** Whether parts of it are stored: in a folder, one that was deleted leaves its name. */
export async function hasParts(
  storage: ArchiveStorage,
  did: string,
  archive: string,
): Promise<boolean> {
  for await (const _ of storage.list(`${archivesOf(did)}${archive}/`)) return true
  return false
}

/** Throws `ArchiveProblem` if there is none. */
export async function newestArchive(storage: ArchiveStorage, did: string): Promise<string> {
  const [newest] = (await findArchives(storage, did)).complete
  if (newest === undefined) throw new ArchiveProblem(`${storage.name} has no archive of ${did}`)
  return newest
}

/** Throws `ArchiveProblem` if the archive has none, or it is too large. */
export async function manifestText(
  storage: ArchiveStorage,
  did: string,
  archive: string,
): Promise<string> {
  const found = await storage.get(partKey(did, archive, 'manifest.json'))
  if (found === undefined) {
    throw new ArchiveProblem(`there is no archive ${archive} of ${did} in ${storage.name}`)
  }
  if (found.size > MAX_MANIFEST_BYTES) {
    await found.close()
    throw new ArchiveProblem('manifest.json is too large')
  }
  return Buffer.from(await readObject(found, MAX_MANIFEST_BYTES)).toString()
}

/** The DID of the server that made it, without a check of the signature; undefined if its manifest is damaged. */
export async function serverOfArchive(
  storage: ArchiveStorage,
  did: string,
  archive: string,
): Promise<string | undefined> {
  try {
    const { manifest } = JSON.parse(await manifestText(storage, did, archive))
    return typeof manifest?.server === 'string' ? manifest.server : undefined
  } catch (error) {
    if (error instanceof ArchiveProblem || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The CIDs of its blobs that are stored. Throws `ArchiveProblem` if the list is missing or malformed. */
export async function* blobsOfArchive(storage: ArchiveStorage, did: string, archive: string) {
  const found = await storage.get(partKey(did, archive, 'blobs.jsonl'))
  if (found === undefined) throw new ArchiveProblem(`${archive}: blobs.jsonl is missing`)
  try {
    for await (const blob of readBlobList(found.bytes)) yield blob
  } finally {
    await found.close()
  }
}

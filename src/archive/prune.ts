/** Deletes the archives of an account that are not kept, and then the blobs that no other names. */
import { blobKey, blobsOf, folderOf, partKey, timeOf } from '#src/archive/keys.ts'
import { partNames } from '#src/archive/manifest.ts'
import { keptArchives, type Retention } from '#src/archive/retention.ts'
import { blobsOfArchive, findArchives } from '#src/archive/storage-archives.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'

/** A process that makes an archive may take this long. */
const INCOMPLETE_MAX_AGE_MS = 24 * 60 * 60 * 1000
const BATCH = 500

export interface Pruned {
  archives: number
  blobs: number
}

/**
 * Only for one process at a time, and while no archive of the account is being made: its blobs are named by no manifest
 * yet. Throws if the blobs of a kept archive cannot be read; then no blob is deleted.
 */
export async function pruneArchives(
  storage: ArchiveStorage,
  did: string,
  { retention, now }: { retention: Retention; now: number },
): Promise<Pruned> {
  const { complete, incomplete } = await findArchives(storage, did)
  const kept = keptArchives(complete, retention)
  const dropped = complete.filter((name) => !kept.has(name))
  const left = incomplete.filter((name) => timeOf(name)! < now - INCOMPLETE_MAX_AGE_MS)
  for (const name of [...dropped, ...left]) await deleteArchive(storage, did, name)
  const blobs = await collectBlobs(storage, did, [...kept])
  return { archives: dropped.length, blobs }
}

async function deleteArchive(storage: ArchiveStorage, did: string, name: string): Promise<void> {
  // First the manifest: without it, it is no archive any more.
  await storage.delete([partKey(did, name, 'manifest.json')])
  await storage.delete(partNames.map((part) => partKey(did, name, part)))
}

async function collectBlobs(
  storage: ArchiveStorage,
  did: string,
  archives: readonly string[],
): Promise<number> {
  const named = new Set<string>()
  for (const archive of archives) {
    for await (const { cid } of blobsOfArchive(storage, did, archive)) named.add(cid)
  }
  const unnamed: string[] = []
  const prefix = blobsOf(did)
  for await (const { key } of storage.list(prefix)) {
    const cid = key.slice(prefix.length)
    if (!named.has(cid)) unnamed.push(cid)
  }
  for (let at = 0; at < unnamed.length; at += BATCH) {
    await storage.delete(unnamed.slice(at, at + BATCH).map((cid) => blobKey(did, cid)))
  }
  return unnamed.length
}

/** Deletes all archives of an account, the manifests first. */
export async function deleteArchives(storage: ArchiveStorage, did: string): Promise<void> {
  const { complete, incomplete } = await findArchives(storage, did)
  for (const name of [...complete, ...incomplete]) await deleteArchive(storage, did, name)
  const keys: string[] = []
  for await (const { key } of storage.list(folderOf(did))) keys.push(key)
  for (let at = 0; at < keys.length; at += BATCH) await storage.delete(keys.slice(at, at + BATCH))
}

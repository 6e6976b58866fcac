/** Deletes the archives of an account that are not kept, and then the blobs that no other names. */
import { blobKey, blobsOf, folderOf, partKey, timeOf } from '#src/archive/keys.ts'
import { partNames } from '#src/archive/manifest.ts'
import {
  blobsOfArchive,
  findArchives,
  hasParts,
  serverOfArchive,
} from '#src/archive/storage-archives.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { expired, type Retention } from '#src/retention.ts'

/** A process that makes an archive may take this long. */
const INCOMPLETE_MAX_AGE_MS = 24 * 60 * 60 * 1000
const BATCH = 500

export interface Pruned {
  archives: number
  blobs: number
}

/**
 * Those of another server are not counted, and kept. Only for one process of this server at a time, and while it makes no
 * archive of the account: its blobs are named by no manifest yet. If another server makes one, no blob is deleted. Throws,
 * and deletes none either, if the blobs of a kept archive cannot be read.
 */
export async function pruneArchives(
  storage: ArchiveStorage,
  did: string,
  { server, retention, now }: { server: string; retention: Retention; now: number },
): Promise<Pruned> {
  const { complete, incomplete } = await findArchives(storage, did)
  const own: string[] = []
  for (const name of complete) if (await isOwn(storage, did, name, server)) own.push(name)
  const made = own.map((name) => ({ id: name, at: timeOf(name)! }))
  const dropped = expired(made, retention)
  const kept = complete.filter((name) => !dropped.includes(name))
  const left = incomplete.filter((name) => isLeft(name, now))
  for (const name of [...dropped, ...left]) await deleteArchive(storage, did, name)
  const isAlone = !(await isBeingMade(storage, did, incomplete, now))
  const blobs = isAlone ? await collectBlobs(storage, did, kept) : 0
  return { archives: dropped.length, blobs }
}

/** One that cannot be read belongs to no server, and counts as its own. */
async function isOwn(
  storage: ArchiveStorage,
  did: string,
  archive: string,
  server: string,
): Promise<boolean> {
  const maker = await serverOfArchive(storage, did, archive)
  return maker === undefined || maker === server
}

async function isBeingMade(
  storage: ArchiveStorage,
  did: string,
  incomplete: readonly string[],
  now: number,
): Promise<boolean> {
  for (const name of incomplete) {
    if (!isLeft(name, now) && (await hasParts(storage, did, name))) return true
  }
  return false
}

function isLeft(incomplete: string, now: number): boolean {
  return timeOf(incomplete)! < now - INCOMPLETE_MAX_AGE_MS
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

/**
 * Deletes the archives of an account that `server` has made, the manifests first; and the blobs, if another server has none of
 * the account and makes none.
 */
export async function deleteArchives(
  storage: ArchiveStorage,
  did: string,
  { server, now }: { server: string; now: number },
): Promise<void> {
  const { complete, incomplete } = await findArchives(storage, did)
  let isAlone = true
  for (const name of complete) {
    if (await isOwn(storage, did, name, server)) await deleteArchive(storage, did, name)
    else isAlone = false
  }
  for (const name of incomplete.filter((one) => isLeft(one, now))) {
    await deleteArchive(storage, did, name)
  }
  if (!isAlone || (await isBeingMade(storage, did, incomplete, now))) return
  const keys: string[] = []
  for await (const { key } of storage.list(folderOf(did))) keys.push(key)
  for (let at = 0; at < keys.length; at += BATCH) await storage.delete(keys.slice(at, at + BATCH))
}

/** Reads a whole archive and checks all of it; no server is needed. */
import { createHash } from 'node:crypto'
import { type ArchivedBlob, readBlobList } from '#src/archive/blob-list.ts'
import { blobKey, partKey } from '#src/archive/keys.ts'
import {
  type Manifest,
  type Part,
  type PartName,
  readManifest,
  type SignedManifest,
} from '#src/archive/manifest.ts'
import { MAX_PRIVATE_BYTES, openPrivate } from '#src/archive/private-part.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { RepoCheck } from '#src/archive/repo-check.ts'
import { manifestText } from '#src/archive/storage-archives.ts'
import { type ArchiveStorage, readObject } from '#src/ports/archive-storage.ts'
import { cidOfRawDigest } from '#src/protocol/cid.ts'

export interface VerifyPorts {
  storage: ArchiveStorage
  /** did:keys of servers. */
  trusted: readonly string[]
  /** Without it, only the hash of the private part is checked. */
  backupKey?: Uint8Array | undefined
  report?: (progress: string) => void
}

export interface ArchiveName {
  did: string
  archive: string
}

export interface VerifiedArchive extends SignedManifest {
  /** Whether the private part was opened. */
  isPrivateOpened: boolean
}

/** Checks signatures and hashes of all parts, the commit, the tree, and each blob. Throws `ArchiveProblem`. */
export async function verifyArchive(
  ports: VerifyPorts,
  name: ArchiveName,
): Promise<VerifiedArchive> {
  const signed = await openManifest(ports, name)
  const { manifest } = signed
  await checkRepo(ports, manifest)
  const preferences = await readSmallPart(ports, manifest, 'preferences.json')
  mustBePreferences(preferences)
  await checkBlobs(ports, manifest)
  const isPrivateOpened = (await readPrivate(ports, manifest)) !== undefined
  return { ...signed, isPrivateOpened }
}

/** Throws `ArchiveProblem` if there is none, or it is not of this archive. */
export async function openManifest(
  { storage, trusted }: VerifyPorts,
  { did, archive }: ArchiveName,
): Promise<SignedManifest> {
  const signed = await readManifest(await manifestText(storage, did, archive), trusted)
  const { manifest } = signed
  if (manifest.did !== did || manifest.archive !== archive) {
    throw new ArchiveProblem(`the manifest is of ${manifest.archive} of ${manifest.did}`)
  }
  return signed
}

/** The bytes of a part, which throw `ArchiveProblem` at their end if they are not those that were archived. */
export async function* readPart(
  { storage }: Pick<VerifyPorts, 'storage'>,
  { did, archive, parts }: Manifest,
  name: PartName,
): AsyncGenerator<Uint8Array> {
  const part = parts[name]
  const found = part && (await storage.get(partKey(did, archive, name)))
  if (part === undefined || found === undefined) throw new ArchiveProblem(`${name} is missing`)
  const hash = createHash('sha256')
  try {
    if (found.size !== part.size) throw damaged(name)
    for await (const chunk of found.bytes) {
      hash.update(chunk)
      yield chunk
    }
  } finally {
    await found.close()
  }
  if (hash.digest('hex') !== part.sha256) throw damaged(name)
}

/** What was sealed; undefined if there is no private part, or no key for it. Throws `ArchiveProblem`. */
export async function readPrivate(
  ports: VerifyPorts,
  manifest: Manifest,
): Promise<Uint8Array | undefined> {
  if (manifest.parts['private.sealed'] === undefined) return undefined
  const sealed = await readSmallPart(ports, manifest, 'private.sealed')
  return ports.backupKey && openPrivate(ports.backupKey, manifest.did, sealed)
}

/** Also checks its hash. Throws `ArchiveProblem` if it is too large. */
export async function readSmallPart(
  ports: VerifyPorts,
  manifest: Manifest,
  name: PartName,
): Promise<Uint8Array> {
  const { size = 0 } = (manifest.parts[name] ?? {}) as Partial<Part>
  if (size > MAX_PRIVATE_BYTES) throw new ArchiveProblem(`${name} is too large`)
  const bytes = readPart(ports, manifest, name)
  return readObject({ size, bytes, close: async () => {} }, MAX_PRIVATE_BYTES)
}

/** Throws `ArchiveProblem`. */
export function mustBePreferences(bytes: Uint8Array): void {
  try {
    if (Array.isArray(JSON.parse(Buffer.from(bytes).toString()))) return
  } catch {
    // Told below.
  }
  throw new ArchiveProblem('preferences.json is not a list of preferences')
}

async function checkRepo(ports: VerifyPorts, manifest: Manifest): Promise<void> {
  const check = new RepoCheck()
  let size = 0
  for await (const chunk of readPart(ports, manifest, 'repo.car')) {
    check.push(chunk)
    size += chunk.length
    ports.report?.(`${(size / 1e6).toFixed(1)} MB of records`)
  }
  const repo = check.end()
  const { did, rev, root, records } = manifest
  if (repo.did !== did || repo.rev !== rev || repo.root !== root || repo.records !== records) {
    throw new ArchiveProblem('repo.car is not the repo of the manifest')
  }
  if (!(await repo.isSignedBy(manifest.signingKey))) {
    throw new ArchiveProblem("repo.car: its commit is not signed by the account's key")
  }
}

async function checkBlobs(ports: VerifyPorts, manifest: Manifest): Promise<void> {
  const counts = { blobs: 0, blobBytes: 0, missingBlobs: 0 }
  for await (const blob of readBlobList(readPart(ports, manifest, 'blobs.jsonl'))) {
    if (blob.missing) {
      counts.missingBlobs++
      continue
    }
    for await (const _ of readBlob(ports, manifest.did, blob));
    counts.blobs++
    counts.blobBytes += blob.size
    ports.report?.(`${counts.blobs} of ${manifest.blobs} blobs`)
  }
  const { blobs, blobBytes, missingBlobs } = manifest
  const isSame =
    counts.blobs === blobs && counts.blobBytes === blobBytes && counts.missingBlobs === missingBlobs
  if (!isSame) throw new ArchiveProblem('the blobs of blobs.jsonl are not those of the manifest')
}

/** Its bytes, which throw `ArchiveProblem` at their end if they do not have the CID. */
export async function* readBlob(
  { storage }: Pick<VerifyPorts, 'storage'>,
  did: string,
  { cid, size }: ArchivedBlob,
): AsyncGenerator<Uint8Array> {
  const found = await storage.get(blobKey(did, cid))
  if (found === undefined) throw new ArchiveProblem(`the blob ${cid} is missing`)
  const hash = createHash('sha256')
  try {
    if (found.size !== size) throw damaged(`the blob ${cid}`)
    for await (const chunk of found.bytes) {
      hash.update(chunk)
      yield chunk
    }
  } finally {
    await found.close()
  }
  if (cidOfRawDigest(hash.digest()) !== cid) throw damaged(`the blob ${cid}`)
}

function damaged(what: string): ArchiveProblem {
  return new ArchiveProblem(`${what} is damaged`)
}

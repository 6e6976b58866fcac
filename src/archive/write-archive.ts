/**
 * Stores an archive: its parts, the blobs that the storage does not have yet, and the manifest last. The repo is checked as it
 * passes, so that what is stored can be restored.
 */
import { createHash } from 'node:crypto'
import { blobLine } from '#src/archive/blob-list.ts'
import { archiveName, blobKey, partKey } from '#src/archive/keys.ts'
import { MANIFEST_VERSION, type Manifest, type Part, signManifest } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { RepoCheck } from '#src/archive/repo-check.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import type { OpenBlob } from '#src/ports/blob-storage.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import { sizeText } from '#src/ports/size-text.ts'
import { cidOfRawDigest } from '#src/protocol/cid.ts'

/** A consistent state of an account. */
export interface ArchiveSource {
  did: string
  handle: string | null
  status: string
  rev: string
  /** CID of the commit. */
  root: string
  signingKey: string
  repo: AsyncIterable<Uint8Array>
  /** A JSON array. */
  preferences: string
  /** Those that records refer to. */
  blobs: AsyncIterable<{ cid: string; size: number; mimeType: string; isTakenDown: boolean }>
  /** Undefined if it is not there any more. */
  openBlob(cid: string): Promise<OpenBlob | undefined>
  /** Sealed; undefined for an archive without a private part. */
  private: Uint8Array | undefined
}

interface WritePorts {
  storage: ArchiveStorage
  signer: SigningKey
  server: string
  now: number
  report?: (progress: string) => void
  /** Called before the manifest is stored; throws if it must not be. */
  mayFinish?: () => Promise<void>
}

/** If it fails, nothing of it counts as an archive. Throws 507 or 504 as the storage does. */
export async function writeArchive(ports: WritePorts, source: ArchiveSource): Promise<Manifest> {
  const { storage, report = () => {} } = ports
  const { did, rev, root, signingKey } = source
  const name = archiveName(ports.now, rev)
  const put = async (part: keyof Manifest['parts'], bytes: AsyncIterable<Uint8Array>) => {
    const counted = new Counted(bytes)
    await storage.put(partKey(did, name, part), counted)
    return counted.part()
  }
  const check = new RepoCheck()
  let repoBytes = 0
  const repo = await put(
    'repo.car',
    each(source.repo, (chunk) => {
      check.push(chunk)
      repoBytes += chunk.length
      report(`${sizeText(repoBytes)} of records`)
    }),
  )
  const checked = check.end()
  if (checked.did !== did || checked.root !== root || checked.rev !== rev) {
    throw new ArchiveProblem('the exported repo is not the one that was opened')
  }
  if (!(await checked.isSignedBy(signingKey))) {
    throw new ArchiveProblem("the commit is not signed by the account's key")
  }
  const counts = { blobs: 0, blobBytes: 0, missingBlobs: 0 }
  const blobs = await put('blobs.jsonl', storeBlobs(ports, source, counts))
  const preferences = await put('preferences.json', once(Buffer.from(source.preferences)))
  const sealed = source.private && (await put('private.sealed', once(source.private)))
  const manifest: Manifest = {
    version: MANIFEST_VERSION,
    ...{ did, handle: source.handle, status: source.status, archive: name },
    ...{ createdAt: new Date(ports.now).toISOString(), server: ports.server },
    ...{ rev, root, signingKey, records: checked.records, ...counts },
    parts: {
      ...{ 'repo.car': repo, 'blobs.jsonl': blobs, 'preferences.json': preferences },
      ...(sealed !== undefined && { 'private.sealed': sealed }),
    },
  }
  await ports.mayFinish?.()
  const text = signManifest(manifest, ports.signer)
  await storage.put(partKey(did, name, 'manifest.json'), Buffer.from(text))
  return manifest
}

async function* storeBlobs(
  { storage, report = () => {} }: WritePorts,
  { did, blobs, openBlob }: ArchiveSource,
  counts: Pick<Manifest, 'blobs' | 'blobBytes' | 'missingBlobs'>,
): AsyncGenerator<Uint8Array> {
  for await (const { cid, size, mimeType, isTakenDown } of blobs) {
    const key = blobKey(did, cid)
    // An earlier archive may have it: a restore must not bring it back.
    const isStored = !isTakenDown && (await storage.sizeOf(key)) === size
    const found = isStored || isTakenDown ? undefined : await openBlob(cid)
    if (found !== undefined) {
      try {
        await storage.put(key, verified(cid, found.bytes))
      } finally {
        await found.close()
      }
    }
    const missing = !isStored && found === undefined
    if (missing) counts.missingBlobs++
    else {
      counts.blobs++
      counts.blobBytes += size
    }
    report(`${counts.blobs} blobs, ${sizeText(counts.blobBytes)}`)
    yield Buffer.from(blobLine({ cid, size, mimeType, ...(missing && { missing }) }))
  }
}

async function* verified(
  cid: string,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  yield* each(bytes, (chunk) => hash.update(chunk))
  if (cidOfRawDigest(hash.digest()) !== cid) {
    throw new ArchiveProblem(`the blob ${cid} is damaged in the blob storage`)
  }
}

class Counted implements AsyncIterable<Uint8Array> {
  readonly #bytes: AsyncIterable<Uint8Array>
  readonly #hash = createHash('sha256')
  #size = 0

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#bytes = bytes
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    return each(this.#bytes, (chunk) => {
      this.#hash.update(chunk)
      this.#size += chunk.length
    })
  }

  part(): Part {
    return { size: this.#size, sha256: this.#hash.digest('hex') }
  }
}

async function* each(
  bytes: AsyncIterable<Uint8Array>,
  look: (chunk: Uint8Array) => unknown,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    look(chunk)
    yield chunk
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

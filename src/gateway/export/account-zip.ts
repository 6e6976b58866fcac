/**
 * An account as a ZIP file for its owner: the repo (`repo.car`) and the files that its records use (`blobs/<CID>.jpg` and so
 * on). Files that cannot be read are named in `missing-blobs.txt`. Not an archive, from which an operator restores an account.
 */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { type ZipFile, zip } from '#src/gateway/export/zip.ts'
import { type ByteSource, closing } from '#src/gateway/http/byte-stream.ts'
import { exportCar } from '#src/gateway/methods/export-car.ts'
import { openBlob } from '#src/gateway/methods/open-blob.ts'
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'

interface ExportPorts {
  account: Pick<RemoteAccount, 'sync' | 'blob'>
  did: string
  blobs: BlobStorage
  now: number
}

const PAGE_BLOBS = 500
/** In `missing-blobs.txt`. */
const MAX_MISSING = 10_000

/** So that the files open with a click. */
const extensions: Readonly<Record<string, string>> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/webp': '.webp',
  'image/gif': '.gif',
  'image/avif': '.avif',
  'image/svg+xml': '.svg',
  'video/mp4': '.mp4',
  'video/webm': '.webm',
  'audio/mpeg': '.mp3',
  'application/pdf': '.pdf',
  'text/plain': '.txt',
  'text/vtt': '.vtt',
}

/** Throws as an export of the repo, before the first byte. */
export async function accountZip(ports: ExportPorts): Promise<ByteSource> {
  const car = await exportCar(ports.account, {}, 'self')
  return closing(zip(filesOf(ports, car)), () => car.return())
}

async function* filesOf(
  ports: ExportPorts,
  car: AsyncIterable<Uint8Array>,
): AsyncGenerator<ZipFile> {
  const { account, now: modifiedAt } = ports
  yield { name: 'repo.car', modifiedAt, bytes: car }
  const missing: string[] = []
  let cursor: string | undefined
  do {
    const input = { limit: PAGE_BLOBS, ...(cursor !== undefined && { cursor }) }
    const page = await account.blob.list(input, 'self')
    for (const cid of page.cids) {
      const found = await findBlob(ports, cid)
      if (found === undefined) {
        if (missing.length < MAX_MISSING) missing.push(cid)
        continue
      }
      const { blob, mimeType } = found
      try {
        const name = `blobs/${cid}${extensions[mimeType] ?? ''}`
        yield { name, modifiedAt, bytes: blob.bytes }
      } finally {
        await blob.close()
      }
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  if (missing.length === 0) return
  const text = Buffer.from(missing.map((cid) => `${cid}\n`).join(''))
  yield { name: 'missing-blobs.txt', modifiedAt, bytes: once(text) }
}

/** Undefined if a moderator hides it, or its bytes are not stored. */
async function findBlob(
  { account, blobs, did }: ExportPorts,
  cid: string,
): Promise<{ blob: OpenBlob; mimeType: string } | undefined> {
  try {
    const found = await account.blob.find({ cid }, 'self')
    const blob = await openBlob(blobs, did, { cid, ...found })
    return blob && { blob, mimeType: found.mimeType }
  } catch (error) {
    if (error instanceof XrpcError && error.error === 'BlobNotFound') return undefined
    throw error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

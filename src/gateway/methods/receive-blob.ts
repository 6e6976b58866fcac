/** Streams a request body into the blob storage; computes its CID, size and media type on the way. */
import { createHash } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { SNIFFED_BYTES, sniffMediaType } from '#src/ports/media-type.ts'
import { cidOfRawDigest } from '#src/protocol/cid.ts'

export interface ReceivedBlob {
  cid: string
  /** Sniffed from the bytes, else the Content-Type of the request. */
  mimeType: string
  size: number
  key: string
}

/** Stores the body as a temporary upload; stores nothing if the body is aborted. Throws 400 if it is empty. */
export async function receiveBlob(
  storage: BlobStorage,
  did: string,
  { bytes, type }: BodyStream,
): Promise<ReceivedBlob> {
  const hash = createHash('sha256')
  const head: Uint8Array[] = []
  let size = 0
  async function* observed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      hash.update(chunk)
      if (size < SNIFFED_BYTES) head.push(chunk)
      size += chunk.length
      yield chunk
    }
    // The data model demands a size above 0. Thrown here, so that the storage keeps nothing.
    if (size === 0) throw invalidRequest('A blob must not be empty')
  }
  const key = await storage.putTemp(did, observed())
  const sniffed = await sniffMediaType(Buffer.concat(head).subarray(0, SNIFFED_BYTES))
  // A range of types is none (data model, blob type).
  const mimeType = sniffed ?? (type.includes('*') ? 'application/octet-stream' : type)
  return { cid: cidOfRawDigest(hash.digest()), mimeType, size, key }
}

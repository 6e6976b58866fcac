/** Streams a request body into the blob storage; computes its CID, size and media type on the way. */
import { createHash } from 'node:crypto'
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

/** Stores the body as a temporary upload; stores nothing if the body is aborted. */
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
  }
  const key = await storage.putTemp(did, observed())
  const sniffed = await sniffMediaType(Buffer.concat(head).subarray(0, SNIFFED_BYTES))
  return { cid: cidOfRawDigest(hash.digest()), mimeType: sniffed ?? type, size, key }
}

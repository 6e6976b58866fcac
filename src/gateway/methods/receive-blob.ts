/** From a request's body to an upload in the blob storage: hashed, counted and looked at on its way. */
import { createHash } from 'node:crypto'
import type { BodyStream } from '#src/gateway/http/body-stream.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { SNIFFED_BYTES, sniffMediaType } from '#src/ports/media-type.ts'
import { cidOfRawDigest } from '#src/protocol/cid.ts'

export interface ReceivedBlob {
  cid: string
  /** What the bytes say they are; where they do not say, what the caller said. */
  mimeType: string
  /** Bytes. */
  size: number
  /** Under which the storage has it. */
  key: string
}

/** Stores the body as an upload of the account, and nothing of it where it breaks off. */
export async function receiveBlob(
  storage: BlobStorage,
  did: string,
  { bytes, type }: BodyStream,
): Promise<ReceivedBlob> {
  const hash = createHash('sha256')
  const head: Uint8Array[] = []
  let size = 0
  async function* seen(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      hash.update(chunk)
      if (size < SNIFFED_BYTES) head.push(chunk)
      size += chunk.length
      yield chunk
    }
  }
  const key = await storage.putTemp(did, seen())
  const sniffed = await sniffMediaType(Buffer.concat(head).subarray(0, SNIFFED_BYTES))
  return { cid: cidOfRawDigest(hash.digest()), mimeType: sniffed ?? type, size, key }
}

/** A blob as an HTTP response, whole or in part, with headers that keep a browser from executing it. */
import { XrpcError } from '#src/errors.ts'
import { requestedRange } from '#src/gateway/http/byte-range.ts'
import { type ByteSource, closing } from '#src/gateway/http/byte-stream.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import type { OpenBlob } from '#src/ports/blob-storage.ts'

/** Shorter ones are sent at once. */
const MAX_BUFFERED_BYTES = 64 * 1024

export interface BlobRequest {
  cid: string
  mimeType: string
  request: { readonly method: string; readonly headers: Headers }
}

/** 304 if the client has the blob already: its bytes never change. */
export function notModified({ cid, request }: BlobRequest): RawResponse | undefined {
  const known = request.headers.get('if-none-match')?.split(',') ?? []
  const tags = known.map((tag) => tag.trim().replace(/^W\//, ''))
  const hasIt = tags.includes('*') || tags.includes(tagOf(cid))
  return hasIt ? new RawResponse(null, cacheHeaders(cid), 304) : undefined
}

/** Throws 416 for a range outside of the blob. */
export async function blobResponse(blob: OpenBlob, given: BlobRequest): Promise<RawResponse> {
  const { cid, mimeType, request } = given
  const { size } = blob
  const isHead = request.method === 'HEAD'
  const range = isHead ? undefined : requestedRange(request.headers, tagOf(cid), size)
  if (isHead || range === 'unsatisfiable') await blob.close()
  if (range === 'unsatisfiable') throw unsatisfiableRange(size)
  const { start, end } = range ?? { start: 0, end: size - 1 }
  const length = end - start + 1
  const headers = {
    ...cacheHeaders(cid),
    'accept-ranges': 'bytes',
    'content-type': withCharset(mimeType),
    'content-length': String(length),
    ...(range && { 'content-range': `bytes ${start}-${end}/${size}` }),
    'content-disposition': `attachment; filename="${cid}"`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  }
  if (isHead) return new RawResponse(null, headers)
  const bytes = range === undefined ? blob.bytes : blob.part(start, end)
  const body = length > MAX_BUFFERED_BYTES ? closing(bytes, () => blob.close()) : await all(bytes)
  return new RawResponse(body, headers, range === undefined ? 200 : 206)
}

async function all(bytes: ByteSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

function tagOf(cid: string): string {
  return `"${cid}"`
}

function cacheHeaders(cid: string): Record<string, string> {
  return { ...corsHeaders, 'cache-control': 'private', vary: 'Authorization', etag: tagOf(cid) }
}

/** As the reference: without it a browser reads text in an encoding of its own choice. */
function withCharset(mimeType: string): string {
  if (mimeType === '*/*') return 'application/octet-stream'
  const isText = /^text\/|^application\/(javascript|json)/.test(mimeType)
  return isText && !mimeType.includes('charset=') ? `${mimeType}; charset=utf-8` : mimeType
}

function unsatisfiableRange(size: number): XrpcError {
  const headers = { 'content-range': `bytes */${size}` }
  return new XrpcError(416, 'RangeNotSatisfiable', `The blob has ${size} bytes`, headers)
}

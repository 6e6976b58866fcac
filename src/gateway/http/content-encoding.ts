/** The Content-Encoding of request bodies, as the reference reads it, and of other services' responses. */
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { XrpcError } from '#src/errors.ts'

export type ContentEncoding = 'gzip' | 'deflate' | 'br'

const known = new Map<string, ContentEncoding>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
])
const MAX_ENCODINGS = 3

/** In the order in which they are decoded; empty if the body is not encoded. Throws 415. */
export function parseContentEncoding(header: string | undefined): ContentEncoding[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase())
  const encoded = names.filter((name) => name !== '' && name !== 'identity')
  const encodings = encoded.flatMap((name) => known.get(name) ?? [])
  if (encodings.length < encoded.length || encodings.length > MAX_ENCODINGS) {
    throw new XrpcError(415, 'UnsupportedMediaType', 'unsupported content-encoding')
  }
  return encodings.reverse()
}

const decoders: Record<ContentEncoding, () => Transform> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Streams to pipe a body through, in this order. */
export function decodersFor(encodings: readonly ContentEncoding[]): Transform[] {
  return encodings.map((name) => decoders[name]())
}

/** An answer of another service taken in whole: bounded on the wire by its dispatcher, and here once more decoded. */
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { XrpcError } from '#src/errors.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The decoded bytes. Throws 502 where there are more than `most`, where they cannot be decoded, or break off. */
export async function readUpstreamBody(
  { headers, body }: UpstreamResponse,
  most: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of decoded(body, String(headers['content-encoding'] ?? 'identity'))) {
      length += chunk.length
      if (length > most) throw failure('upstream response too large')
      chunks.push(chunk)
    }
  } catch (error) {
    body.destroy()
    throw error instanceof XrpcError ? error : failure('unable to decode response body')
  }
  return Buffer.concat(chunks)
}

/** Only one encoding is ever asked for. */
function decoded(body: Readable, encoding: string): AsyncIterable<Uint8Array> {
  const name = encoding.trim().toLowerCase()
  if (name === '' || name === 'identity') return body
  const decoder = decoders[name]
  if (decoder === undefined) throw failure('unsupported content-encoding')
  // Its failure is the last stream's, and comes out there.
  return pipeline(body, decoder(), () => {})
}

/** Whether a content type is JSON; an answer that tells no type may be. */
export function mayBeJson({ headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  const type = headers['content-type']
  return type === undefined || /application\/(?:\w+\+)?json/i.test(String(type))
}

function failure(message: string): XrpcError {
  return new XrpcError(502, 'UpstreamFailure', message)
}

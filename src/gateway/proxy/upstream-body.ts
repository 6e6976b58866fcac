/** Reads the response body of another service; limits the decoded bytes, as the dispatcher those on the wire. */
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

/** Throws 502 if the decoded bytes are more than `maxBytes`, truncated or undecodable. */
export async function readUpstreamBody(
  { headers, body }: UpstreamResponse,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of decode(body, String(headers['content-encoding'] ?? 'identity'))) {
      length += chunk.length
      if (length > maxBytes) throw failure('upstream response too large')
      chunks.push(chunk)
    }
  } catch (error) {
    body.destroy()
    throw error instanceof XrpcError ? error : failure('unable to decode response body')
  }
  return Buffer.concat(chunks)
}

/** A single encoding is expected: Accept-Encoding asks for no more. */
function decode(body: Readable, encoding: string): AsyncIterable<Uint8Array> {
  const name = encoding.trim().toLowerCase()
  if (name === '' || name === 'identity') return body
  const decoder = decoders[name]
  if (decoder === undefined) throw failure('unsupported content-encoding')
  // No error handling here: `pipeline` forwards errors to the stream that it returns.
  return pipeline(body, decoder(), () => {})
}

export function mayBeJson({ headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  const type = headers['content-type']
  return type === undefined || /application\/(?:\w+\+)?json/i.test(String(type))
}

function failure(message: string): XrpcError {
  return new XrpcError(502, 'UpstreamFailure', message)
}

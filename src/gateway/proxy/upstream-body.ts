/** Reads the response body of another service; limits the decoded bytes, as the dispatcher those on the wire. */
import { pipeline, type Readable, type Transform } from 'node:stream'
import { XrpcError } from '#src/errors.ts'
import { decodersFor, parseContentEncoding } from '#src/gateway/http/content-encoding.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

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
    const isOurs = error instanceof XrpcError && error.status === 502
    throw isOurs ? error : failure('unable to decode response body')
  }
  return Buffer.concat(chunks)
}

function decode(body: Readable, encoding: string): AsyncIterable<Uint8Array> {
  const transforms = decodersFor(parseContentEncoding(encoding))
  if (transforms.length === 0) return body
  // No error handling here: `pipeline` forwards errors to the stream that it returns.
  return pipeline([body, ...transforms], () => {}) as Transform
}

export function mayBeJson({ headers }: Pick<UpstreamResponse, 'headers'>): boolean {
  const type = headers['content-type']
  return type === undefined || /application\/(?:\w+\+)?json/i.test(String(type))
}

function failure(message: string): XrpcError {
  return new XrpcError(502, 'UpstreamFailure', message)
}

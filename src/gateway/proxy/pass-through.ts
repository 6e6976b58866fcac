/** Turns the response of another service into our own, with the headers that may be returned. */
import type { Readable } from 'node:stream'
import { XrpcError } from '#src/errors.ts'
import { closing } from '#src/gateway/http/byte-stream.ts'
import { corsHeaders, RawResponse } from '#src/gateway/http/response.ts'
import { returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

/** The encoding follows the client, here or at the service. */
const ourHeaders = {
  ...corsHeaders,
  'cache-control': 'private',
  vary: 'Authorization, Accept-Encoding',
}

/** Streams the body with back-pressure; if the client disconnects, the upstream response is aborted. */
export function passThroughResponse(response: UpstreamResponse): RawResponse {
  const headers = { ...ourHeaders, ...returnedHeaders(response, { content: true }) }
  const { status, body } = response
  if (status === 204 || status === 205 || status === 304) {
    body.resume()
    return new RawResponse(null, headers, status)
  }
  return new RawResponse(
    closing(chunksOf(body), () => body.destroy()),
    headers,
    status,
  )
}

async function* chunksOf(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    const failure = new XrpcError(502, 'UpstreamFailure', 'Upstream service broke off')
    failure.cause = cause
    throw failure
  }
}

/** For a body that has been read, decoded or changed here. */
export function bufferedResponse(
  body: string | Uint8Array,
  response: Pick<UpstreamResponse, 'status' | 'headers'>,
  extraHeaders: Record<string, string> = {},
): RawResponse {
  const returned = returnedHeaders(response, { content: false })
  const type = String(response.headers['content-type'] ?? 'application/json')
  const headers = { ...ourHeaders, 'content-type': type, ...returned, ...extraHeaders }
  return new RawResponse(body, headers, response.status)
}

/** Turns the response of another service into our own, with the headers that may be returned. */
import { Readable } from 'node:stream'
import { corsHeaders } from '#src/gateway/http/response.ts'
import { returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

const personal = { 'cache-control': 'private', vary: 'Authorization' }

/** Streams the body with back-pressure; if the client disconnects, the upstream response is aborted. */
export function passThroughResponse(response: UpstreamResponse): Response {
  const headers = { ...corsHeaders, ...personal, ...returnedHeaders(response, { content: true }) }
  const { status } = response
  if (status === 204 || status === 205 || status === 304) {
    response.body.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(response.body) as ReadableStream, { status, headers })
}

/** For a body that has been read, decoded or changed here. */
export function bufferedResponse(
  body: string | Uint8Array,
  response: Pick<UpstreamResponse, 'status' | 'headers'>,
  extraHeaders: Record<string, string> = {},
): Response {
  const returned = returnedHeaders(response, { content: false })
  const type = String(response.headers['content-type'] ?? 'application/json')
  const headers = {
    ...corsHeaders,
    ...personal,
    'content-type': type,
    ...returned,
    ...extraHeaders,
  }
  return new Response(body as string | Uint8Array<ArrayBuffer>, {
    status: response.status,
    headers,
  })
}

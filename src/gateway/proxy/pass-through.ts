/** An answer of another service as our own response: its bytes as they come, with the headers that may come back. */
import { Readable } from 'node:stream'
import { corsHeaders } from '#src/gateway/http/response.ts'
import { returnedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

/** What is told to somebody who logged in, and differs for everybody. */
const personal = { 'cache-control': 'private', vary: 'Authorization' }

/** Streams the body; a client that reads slowly slows the service down, one that leaves ends it. */
export function passThroughResponse(answer: UpstreamResponse): Response {
  const headers = { ...corsHeaders, ...personal, ...returnedHeaders(answer, { content: true }) }
  const { status } = answer
  if (status === 204 || status === 205 || status === 304) {
    answer.body.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(answer.body) as ReadableStream, { status, headers })
}

/** The same with a body that has been read, decoded or changed here. */
export function bufferedResponse(
  body: string | Uint8Array,
  answer: Pick<UpstreamResponse, 'status' | 'headers'>,
  more: Record<string, string> = {},
): Response {
  const kept = returnedHeaders(answer, { content: false })
  const type = String(answer.headers['content-type'] ?? 'application/json')
  const headers = { ...corsHeaders, ...personal, 'content-type': type, ...kept, ...more }
  return new Response(body as string | Uint8Array<ArrayBuffer>, { status: answer.status, headers })
}

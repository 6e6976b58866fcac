/** Converts results and errors to HTTP responses: headers, JSON, byte streams and gzip. */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import type { XrpcError } from '#src/errors.ts'

/** As in the reference. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'DPoP-Nonce, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Retry-After',
}

const json = 'application/json; charset=utf-8'
const jsonHeaders = { ...corsHeaders, 'content-type': json }

export interface ResponseOptions {
  /** For results that are bytes; others are JSON. */
  mediaType: string
  isPersonal: boolean
  acceptEncoding: string | undefined
}

const MIN_COMPRESSED_BYTES = 1024
const gzipAsync = promisify(gzip)
/** Half the work of the default level, for a few per cent more bytes. */
const GZIP_OPTIONS = { level: 4 }

/** `result` is a Response, an object, `EncodedJson`, bytes, a stream of bytes, or undefined. */
export async function toResponse(result: unknown, options: ResponseOptions): Promise<Response> {
  const personal = options.isPersonal ? { 'cache-control': 'private', vary: 'Authorization' } : {}
  if (result instanceof Response) return result
  if (result === undefined) return new Response(null, { headers: { ...corsHeaders, ...personal } })
  if (isByteStream(result)) {
    const headers = { ...corsHeaders, ...personal, 'content-type': options.mediaType }
    return streamResponse(result, headers, options.acceptEncoding)
  }
  const isBytes = result instanceof Uint8Array
  const body = isBytes ? result : jsonText(result)
  const headers = {
    ...corsHeaders,
    ...personal,
    'content-type': isBytes ? options.mediaType : json,
  }
  if (body.length < MIN_COMPRESSED_BYTES) return respond(body, headers)
  if (!acceptsGzip(options.acceptEncoding)) return respond(body, variesByEncoding(headers))
  const zipped = await gzipAsync(body, GZIP_OPTIONS)
  return respond(zipped, { ...variesByEncoding(headers), 'content-encoding': 'gzip' })
}

/** The message is sent unchanged, so it must not contain internals. */
export function errorResponse({ status, error, message, headers }: XrpcError): Response {
  const all = headers === undefined ? jsonHeaders : { ...jsonHeaders, ...headers }
  return new Response(JSON.stringify({ error, message }), { status, headers: all })
}

/** As `errorResponse`, on a response of Node; closes the connection, since the request may not have been read. */
export function sendError(
  response: ServerResponse,
  { status, error, message, headers }: XrpcError,
  onSent?: () => void,
): void {
  response.writeHead(status, { ...jsonHeaders, ...headers, connection: 'close' })
  response.end(JSON.stringify({ error, message }), onSent)
}

function respond(body: string | Uint8Array, headers: Record<string, string>): Response {
  return new Response(body as string | Uint8Array<ArrayBuffer>, { headers })
}

function jsonText(result: unknown): string {
  const { json: text } = result as { json?: unknown }
  return typeof text === 'string' ? text : JSON.stringify(result)
}

function isByteStream(result: unknown): result is AsyncIterable<Uint8Array> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

function streamResponse(
  chunks: AsyncIterable<Uint8Array>,
  headers: Record<string, string>,
  acceptEncoding: string | undefined,
): Response {
  const varying = variesByEncoding(headers)
  if (!acceptsGzip(acceptEncoding)) return new Response(streamOf(chunks), { headers: varying })
  return new Response(streamOf(zipped(chunks)), {
    headers: { ...varying, 'content-encoding': 'gzip' },
  })
}

async function* zipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGzip(GZIP_OPTIONS)
  // A failure destroys the stream, so the loop below throws it.
  pipeline(Readable.from(chunks), stream).catch(() => {})
  yield* stream
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const step = await iterator.next()
        if (step.done) controller.close()
        else controller.enqueue(step.value)
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

function variesByEncoding(headers: Record<string, string>): Record<string, string> {
  const vary = headers['vary']
  return { ...headers, vary: vary ? `${vary}, Accept-Encoding` : 'Accept-Encoding' }
}

function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return (
    acceptEncoding !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(acceptEncoding)
  )
}

/** Results and errors as HTTP responses: headers, JSON, pages of bytes, and gzip for those who ask. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import type { XrpcError } from '#src/errors.ts'

/** The reference's CORS: everything for everybody, and what a page may see of an answer. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'DPoP-Nonce, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Retry-After',
}

const json = 'application/json; charset=utf-8'
const jsonHeaders = { ...corsHeaders, 'content-type': json }

export interface ResponseOptions {
  /** The media type of the answer. */
  mediaType: string
  /** Whether it depends on who asked. */
  isPersonal: boolean
  /** The request's Accept-Encoding. */
  acceptEncoding: string | undefined
}

/** Answers are compressed from this size on. */
const COMPRESS_BYTES = 1024
const zip = promisify(gzip)
/** Half the work of the default, for a few per cent more bytes. */
const ZIP_LEVEL = { level: 4 }

/** The response for what a method gave: one that it made, or an object, JSON text, bytes, pages of bytes, or nothing. */
export async function toResponse(result: unknown, manner: ResponseOptions): Promise<Response> {
  const personal = manner.isPersonal ? { 'cache-control': 'private', vary: 'Authorization' } : {}
  if (result instanceof Response) return result
  if (result === undefined) return new Response(null, { headers: { ...corsHeaders, ...personal } })
  if (isPages(result)) {
    const headers = { ...corsHeaders, ...personal, 'content-type': manner.mediaType }
    return pagesResponse(result, headers, manner.acceptEncoding)
  }
  const isBytes = result instanceof Uint8Array
  const body = isBytes ? result : jsonText(result)
  const headers = { ...corsHeaders, ...personal, 'content-type': isBytes ? manner.mediaType : json }
  if (body.length < COMPRESS_BYTES) return respond(body, headers)
  if (!takesGzip(manner.acceptEncoding)) return respond(body, variesByEncoding(headers))
  const zipped = await zip(body, ZIP_LEVEL)
  return respond(zipped, { ...variesByEncoding(headers), 'content-encoding': 'gzip' })
}

/** The response for an error; the caller has seen to it that it tells nothing of our insides. */
export function errorResponse({ status, error, message, headers }: XrpcError): Response {
  const all = headers === undefined ? jsonHeaders : { ...jsonHeaders, ...headers }
  return new Response(JSON.stringify({ error, message }), { status, headers: all })
}

function respond(body: string | Uint8Array, headers: Record<string, string>): Response {
  return new Response(body as string | Uint8Array<ArrayBuffer>, { headers })
}

function jsonText(result: unknown): string {
  const { json: text } = result as { json?: unknown }
  return typeof text === 'string' ? text : JSON.stringify(result)
}

function isPages(result: unknown): result is AsyncIterable<Uint8Array> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

function pagesResponse(
  pages: AsyncIterable<Uint8Array>,
  headers: Record<string, string>,
  acceptEncoding: string | undefined,
): Response {
  const varying = variesByEncoding(headers)
  if (!takesGzip(acceptEncoding)) return new Response(streamOf(pages), { headers: varying })
  return new Response(streamOf(zipped(pages)), {
    headers: { ...varying, 'content-encoding': 'gzip' },
  })
}

async function* zipped(pages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGzip(ZIP_LEVEL)
  // Its failure is the stream's, and comes out below.
  pipeline(Readable.from(pages), stream).catch(() => {})
  yield* stream
}

/** Takes a page whenever there is room for one, and lets go when the client does. */
function streamOf(pages: AsyncIterable<Uint8Array>): ReadableStream {
  const steps = pages[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const step = await steps.next()
        if (step.done) controller.close()
        else controller.enqueue(step.value)
      },
      async cancel() {
        await steps.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

function variesByEncoding(headers: Record<string, string>): Record<string, string> {
  const vary = headers['vary']
  return { ...headers, vary: vary ? `${vary}, Accept-Encoding` : 'Accept-Encoding' }
}

function takesGzip(acceptEncoding: string | undefined): boolean {
  return (
    acceptEncoding !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(acceptEncoding)
  )
}

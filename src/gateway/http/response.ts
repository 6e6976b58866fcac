/** Converts results and errors to HTTP responses: headers, JSON, byte streams and compression. */
import type { ServerResponse } from 'node:http'
import type { XrpcError } from '#src/errors.ts'
import { chooseEncoding, MIN_COMPRESSED_BYTES } from '#src/gateway/http/accept-encoding.ts'
import { type ByteSource, streamOf } from '#src/gateway/http/byte-stream.ts'
import { compress, compressed } from '#src/gateway/http/compress.ts'

/** As in the reference. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'DPoP-Nonce, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, Retry-After',
}

const json = 'application/json; charset=utf-8'
/** Most of what is unavailable is back within seconds: an actor that moves, a queue that is full. */
const RETRY_AFTER_SECONDS = '10'
const retryableStatuses = [429, 503]
const jsonHeaders = { ...corsHeaders, 'content-type': json }

/** A result that has its own status and headers, such as a blob, or the response of another service. */
export class RawResponse {
  readonly body: string | Uint8Array | ByteSource | null
  readonly headers: Readonly<Record<string, string>>
  readonly status: number

  /** `headers` have `vary`, and a `content-encoding` if `body` is encoded already. */
  constructor(body: RawResponse['body'], headers: Record<string, string>, status = 200) {
    this.body = body
    this.headers = headers
    this.status = status
  }
}

export interface ResponseOptions {
  /** For results that are bytes; others are JSON. */
  mediaType: string
  isPersonal: boolean
  acceptEncoding: string | undefined
  /** Of a HEAD request: a stream is given up. */
  isHead?: boolean
  /** Called if a stream fails in the middle. Must end the connection; if absent, the stream fails. */
  onFailure?: ((error: unknown) => void) | undefined
}

/** `result` is a RawResponse, an object, `EncodedJson`, bytes, a stream of bytes, or undefined. */
export async function toResponse(result: unknown, options: ResponseOptions): Promise<Response> {
  if (result instanceof RawResponse) return rawResponse(result, options)
  const personal = options.isPersonal ? { 'cache-control': 'private', vary: 'Authorization' } : {}
  if (result === undefined) return new Response(null, { headers: { ...corsHeaders, ...personal } })
  if (isByteStream(result)) {
    const headers = { ...corsHeaders, ...personal, 'content-type': options.mediaType }
    return streamResponse(result, { headers: variesByEncoding(headers), status: 200 }, options)
  }
  const isBytes = result instanceof Uint8Array
  const body = isBytes ? result : jsonText(result)
  const type = isBytes ? options.mediaType : json
  const headers = { ...corsHeaders, ...personal, 'content-type': type }
  return bodyResponse(body, { headers, status: 200 }, options)
}

interface Head {
  headers: Record<string, string>
  status: number
}

async function bodyResponse(
  body: string | Uint8Array,
  { headers, status }: Head,
  { acceptEncoding }: ResponseOptions,
): Promise<Response> {
  const encoding = chooseEncoding(acceptEncoding, body.length)
  if (encoding === undefined) {
    const isShort = body.length < MIN_COMPRESSED_BYTES
    return respond(body, { headers: isShort ? headers : variesByEncoding(headers), status })
  }
  const packed = { ...variesByEncoding(headers), 'content-encoding': encoding }
  return respond(await compress(body, encoding), { headers: packed, status })
}

function streamResponse(
  source: ByteSource,
  { headers, status }: Head,
  { acceptEncoding, isHead, onFailure }: ResponseOptions,
): Response {
  if (isHead) {
    // Ending a response of another service fails if that is already broken off.
    streamOf(source)
      .cancel()
      .catch(() => {})
    return new Response(null, { headers, status })
  }
  const { 'content-length': length, ...others } = headers
  const bytes = length === undefined ? undefined : Number(length)
  const encoding = chooseEncoding(acceptEncoding, bytes)
  if (encoding === undefined || !mayBeCompressed(headers)) {
    return new Response(streamOf(source, onFailure), { headers, status })
  }
  const packed = { ...variesByEncoding(others), 'content-encoding': encoding }
  return new Response(streamOf(compressed(source, encoding), onFailure), {
    headers: packed,
    status,
  })
}

function rawResponse(raw: RawResponse, options: ResponseOptions): Response | Promise<Response> {
  const { body, status } = raw
  const headers = { ...raw.headers }
  if (body === null) return new Response(null, { headers, status })
  if (isByteStream(body)) return streamResponse(body, { headers, status }, options)
  if (!mayBeCompressed(headers)) return respond(body, { headers, status })
  delete headers['content-length']
  return bodyResponse(body, { headers, status }, options)
}

function respond(body: string | Uint8Array, init: Head): Response {
  return new Response(body as string | Uint8Array<ArrayBuffer>, init)
}

/** Text, JSON and CAR files; not what is encoded already, has parts (RFC 9110, 14.2), or is compressed by its nature. */
function mayBeCompressed(headers: Record<string, string>): boolean {
  if (headers['content-encoding'] !== undefined || headers['accept-ranges'] !== undefined)
    return false
  return /^text\/|json|xml|javascript|vnd\.ipld/i.test(headers['content-type'] ?? '')
}

/** The message is sent unchanged, so it must not contain internals. */
export function errorResponse({ status, error, message, headers }: XrpcError): Response {
  const all = { ...jsonHeaders, ...retryHeader(status), ...headers }
  return new Response(JSON.stringify({ error, message }), { status, headers: all })
}

/** Of every 429 and 503 whose error does not say it more exactly. */
export function retryHeader(status: number): { 'retry-after'?: string } {
  return retryableStatuses.includes(status) ? { 'retry-after': RETRY_AFTER_SECONDS } : {}
}

/** As `errorResponse`, on a response of Node; closes the connection, since the request may not have been read. */
export function sendError(
  response: ServerResponse,
  { status, error, message, headers }: XrpcError,
  onSent?: () => void,
): void {
  const all = { ...jsonHeaders, ...retryHeader(status), ...headers, connection: 'close' }
  response.writeHead(status, all)
  response.end(JSON.stringify({ error, message }), onSent)
}

function jsonText(result: unknown): string {
  const { json: text } = result as { json?: unknown }
  return typeof text === 'string' ? text : JSON.stringify(result)
}

function isByteStream(result: unknown): result is ByteSource {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result
}

function variesByEncoding(headers: Record<string, string>): Record<string, string> {
  const vary = headers['vary']
  if (vary?.includes('Accept-Encoding')) return headers
  return { ...headers, vary: vary ? `${vary}, Accept-Encoding` : 'Accept-Encoding' }
}

/** Reads a JSON request body with limits on size, time and depth. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import { brokenOff, tooLarge, tooSlow } from '#src/gateway/http/body-errors.ts'
import { type ContentEncoding, parseContentEncoding } from '#src/gateway/http/content-encoding.ts'

export interface BodySource {
  header(name: string): string | undefined
  body(): Readable
}

export interface BodyOptions {
  /** The expected media type; undefined if no body is allowed. */
  accepts: string | undefined
  /** Bytes, of the body before and after decoding. */
  limit: number
  timeoutMs: number
}

/**
 * The body's JSON value; undefined if none is expected and none was sent. Throws 400 for a body other than expected, 408
 * if it is slow, 413 if it is too large, 415 for an unsupported Content-Encoding.
 */
export async function readBody(source: BodySource, options: BodyOptions): Promise<unknown> {
  const chunked = source.header('transfer-encoding') !== undefined
  const length = source.header('content-length')
  if (options.accepts === undefined) {
    if (!chunked && (length ?? '0') === '0') return undefined
    return rejectBody(source, chunked, options)
  }
  if (!chunked && length === undefined) {
    throw invalidRequest('A request body is expected but none was provided')
  }
  checkType(source.header('content-type'), options.accepts)
  if (Number(length ?? 0) > options.limit) throw tooLarge()
  const bytes = await collect(source.body(), options)
  return parse(await decode(bytes, source.header('content-encoding'), options.limit))
}

/** An empty chunked body counts as none. */
async function rejectBody(
  source: BodySource,
  chunked: boolean,
  options: BodyOptions,
): Promise<undefined> {
  const bytes = chunked ? await collect(source.body(), options) : undefined
  if (bytes?.length === 0) return
  throw invalidRequest('A request body was provided when none was expected')
}

function checkType(contentType: string | undefined, expected: string): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (!type) throw invalidRequest('Request encoding (Content-Type) required but not provided')
  if (type !== expected) throw invalidRequest(`Wrong request encoding (Content-Type): ${type}`)
}

function collect(body: Readable, { limit, timeoutMs }: BodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const timer = setTimeout(() => fail(tooSlow()), timeoutMs)
    const onAbort = () => fail(brokenOff())
    body.on('data', take).on('end', finish).on('error', onAbort).on('close', onAbort)

    function take(chunk: Uint8Array): void {
      size += chunk.length
      if (size > limit) fail(tooLarge())
      else chunks.push(chunk)
    }
    function finish(): void {
      stop()
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    }
    function fail(error: XrpcError): void {
      stop()
      body.pause()
      reject(error)
    }
    /** Keeps the 'error' listener: an unhandled 'error' event would end the process. */
    function stop(): void {
      clearTimeout(timer)
      body.off('data', take).off('end', finish).off('close', onAbort)
    }
  })
}

type Decoder = (bytes: Uint8Array, options: object) => Promise<Uint8Array>

const decoders: Record<ContentEncoding, Decoder> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

async function decode(bytes: Uint8Array, header: string | undefined, limit: number) {
  let decoded = bytes
  for (const name of parseContentEncoding(header)) {
    decoded = await decoders[name](decoded, { maxOutputLength: limit }).catch((error: Error) => {
      throw 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
        ? tooLarge()
        : invalidRequest(`The request body is not ${name}`)
    })
  }
  return decoded
}

function parse(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw invalidRequest('The request body is not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch {
    throw invalidRequest('The request body is not JSON')
  }
  checkBounds(value, 0)
  return value
}

const MAX_DEPTH = 64
const MAX_LIST_LENGTH = 65_536

/** So that later code may recurse into the value, and may merge it into other objects. */
function checkBounds(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH) throw invalidRequest('The request body is nested too deep')
  if (Array.isArray(value)) {
    if (value.length > MAX_LIST_LENGTH) throw invalidRequest('The request body has too long a list')
    for (const item of value) checkBounds(item, depth + 1)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw invalidRequest('Keys must not be "__proto__"')
    checkBounds((value as Record<string, unknown>)[key], depth + 1)
  }
}

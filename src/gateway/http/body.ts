/** Reads a JSON request body with limits on size, time and depth. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { invalidRequest, XrpcError } from '#src/errors.ts'
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
  return parseJson(await readBytes(source, options))
}

/** The decoded body. Throws as `readBody`. */
export async function readBytes(
  source: BodySource,
  options: Pick<BodyOptions, 'limit' | 'timeoutMs'>,
): Promise<Uint8Array> {
  const encodings = parseContentEncoding(source.header('content-encoding'))
  if (Number(source.header('content-length') ?? 0) > options.limit) throw tooLarge()
  return decode(await collect(source.body(), options), encodings, options.limit)
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
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType ?? '') ?? []
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new XrpcError(415, 'UnsupportedMediaType', `unsupported charset "${charset}"`)
  }
}

function collect(
  body: Readable,
  { limit, timeoutMs }: Pick<BodyOptions, 'limit' | 'timeoutMs'>,
): Promise<Uint8Array> {
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

async function decode(bytes: Uint8Array, encodings: readonly ContentEncoding[], limit: number) {
  let decoded = bytes
  for (const name of encodings) {
    decoded = await decoders[name](decoded, { maxOutputLength: limit }).catch((error: Error) => {
      throw 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
        ? tooLarge()
        : invalidRequest(`The request body is not ${name}`)
    })
  }
  return decoded
}

/** Throws 400 if it is not JSON in UTF-8, is nested too deep, or has too long a list. */
export function parseJson(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw invalidRequest('The request body is not UTF-8')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  let value: unknown
  try {
    // A reader may ignore a byte order mark (RFC 8259 section 8.1).
    value = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
  } catch {
    throw invalidRequest('The request body is not JSON')
  }
  mustBeBounded(value, 'The request body')
  return value
}

const MAX_DEPTH = 64
const MAX_LIST_LENGTH = 65_536

/**
 * So that later code may recurse into the value, and may merge it into other objects. Throws 400; `what` is the subject of
 * its message.
 */
export function mustBeBounded(value: unknown, what: string, depth = 0): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH) throw invalidRequest(`${what} is nested too deep`)
  if (Array.isArray(value)) {
    if (value.length > MAX_LIST_LENGTH) throw invalidRequest(`${what} has too long a list`)
    for (const item of value) mustBeBounded(item, what, depth + 1)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw invalidRequest('Keys must not be "__proto__"')
    mustBeBounded((value as Record<string, unknown>)[key], what, depth + 1)
  }
}

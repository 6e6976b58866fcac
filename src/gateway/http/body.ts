/** A request's body, read within bounds of size, time and depth, and checked to be what it says it is. */
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { invalidRequest, XrpcError } from '#src/errors.ts'

/** A request, as far as its body goes. */
export interface BodySource {
  header(name: string): string | undefined
  body(): Readable
}

export interface BodyOptions {
  /** The media type expected; undefined where no body may come. */
  accepts: string | undefined
  /** Bytes, of what came and of what it decodes to. */
  limit: number
  timeoutMs: number
}

/**
 * The JSON value of the body; undefined where none is expected and none came. Throws 400 where it is not what is
 * expected, 408 where it is slow, 413 where it is big, 415 where nobody can decode it.
 */
export async function readBody(incoming: BodySource, terms: BodyOptions): Promise<unknown> {
  const chunked = incoming.header('transfer-encoding') !== undefined
  const length = incoming.header('content-length')
  if (terms.accepts === undefined) {
    if (!chunked && (length ?? '0') === '0') return undefined
    return refuseBody(incoming, chunked, terms)
  }
  if (!chunked && length === undefined) {
    throw invalidRequest('A request body is expected but none was provided')
  }
  checkType(incoming.header('content-type'), terms.accepts)
  if (Number(length ?? 0) > terms.limit) throw tooLarge()
  const bytes = await collect(incoming.body(), terms)
  return parse(await decode(bytes, incoming.header('content-encoding'), terms.limit))
}

/** A chunked body may turn out to be empty; then there was none. */
async function refuseBody(
  incoming: BodySource,
  chunked: boolean,
  terms: BodyOptions,
): Promise<undefined> {
  const bytes = chunked ? await collect(incoming.body(), terms) : undefined
  if (bytes?.length === 0) return
  throw invalidRequest('A request body was provided when none was expected')
}

function checkType(given: string | undefined, wanted: string): void {
  const type = given?.split(';', 1)[0]?.trim().toLowerCase()
  if (!type) throw invalidRequest('Request encoding (Content-Type) required but not provided')
  if (type !== wanted) throw invalidRequest(`Wrong request encoding (Content-Type): ${type}`)
}

/** Takes what comes until it ends, is too much or takes too long; what is left then is the server's to get rid of. */
function collect(body: Readable, { limit, timeoutMs }: BodyOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const timer = setTimeout(() => fail(tooSlow()), timeoutMs)
    const brokenOff = () => fail(invalidRequest('The request body broke off'))
    body.on('data', take).on('end', finish).on('error', brokenOff).on('close', brokenOff)

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
    /** Errors are heard of on: nobody else listens for them. */
    function stop(): void {
      clearTimeout(timer)
      body.off('data', take).off('end', finish).off('close', brokenOff)
    }
  })
}

const decoders: Record<string, (bytes: Uint8Array, options: object) => Promise<Uint8Array>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

const MOST_ENCODINGS = 3

async function decode(bytes: Uint8Array, header: string | undefined, limit: number) {
  if (header === undefined || header === 'identity') return bytes
  const names = header.split(',').map((name) => name.trim().toLowerCase())
  let decoded = bytes
  for (const name of names.reverse()) {
    const decoder = decoders[name]
    if (decoder === undefined || names.length > MOST_ENCODINGS) {
      throw new XrpcError(415, 'UnsupportedMediaType', 'unsupported content-encoding')
    }
    decoded = await decoder(decoded, { maxOutputLength: limit }).catch((error: Error) => {
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
  bound(value, 0)
  return value
}

const DEEPEST = 64
const LONGEST_LIST = 65_536

/** So that whatever walks over the value later may recurse, and may merge it into objects of its own. */
function bound(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === DEEPEST) throw invalidRequest('The request body is nested too deep')
  if (Array.isArray(value)) {
    if (value.length > LONGEST_LIST) throw invalidRequest('The request body has too long a list')
    for (const item of value) bound(item, depth + 1)
    return
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw invalidRequest('Keys must not be "__proto__"')
    bound((value as Record<string, unknown>)[key], depth + 1)
  }
}

function tooLarge(): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', 'request entity too large')
}

function tooSlow(): XrpcError {
  return new XrpcError(408, 'RequestTimeout', 'The request body took too long')
}

/** A request's body that is handed on as it comes, within bounds of size and time, and decoded on the way. */
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { BodySource } from '#src/gateway/http/body.ts'

export interface BodyStream {
  /** The media type that the caller gives it, without parameters. */
  readonly type: string
  /** Bytes, as they come over the wire; undefined where nothing was said. */
  readonly length: number | undefined
  /** To be taken once. Throws 400 where it breaks off, 408 where it is slow, 413 where it is big. */
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface BodyStreamOptions {
  /** The media type expected, or an asterisk on both sides of its slash for any. */
  accepts: string
  /** Bytes, of what came and of what it decodes to. */
  limit: number
  /** Longest time in which nothing may come, in ms. */
  idleMs: number
}

/** However steadily it comes, a body ends some time. */
const CALL_TIMEOUT_MS = 60 * 60 * 1000
/** What is held at once, of a client that is faster than whoever takes its bytes. */
const HELD_BYTES = 1024 * 1024

const mediaType = /^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/

/** Throws what can be told before anything has come: 400, 413, 415. */
export function openBodyStream(incoming: BodySource, terms: BodyStreamOptions): BodyStream {
  const said = incoming.header('content-length')
  if (said === undefined && incoming.header('transfer-encoding') === undefined) {
    throw invalidRequest('A request body is expected but none was provided')
  }
  const type = incoming.header('content-type')?.split(';', 1)[0]?.trim()
  if (!type || !mediaType.test(type)) {
    throw invalidRequest('Request encoding (Content-Type) required but not provided')
  }
  if (terms.accepts !== '*/*' && type.toLowerCase() !== terms.accepts) {
    throw invalidRequest(`Wrong request encoding (Content-Type): ${type}`)
  }
  const length = said === undefined ? undefined : Number(said)
  if (length !== undefined && length > terms.limit) throw tooLarge()
  const encodings = encodingsOf(incoming.header('content-encoding'))
  return { type, length, bytes: taken(incoming.body(), encodings, terms) }
}

/** A body that goes on as it came, encoded or not, for as long as it keeps coming. Throws 400 and 408. */
export function rawBytes(body: Readable, idleMs: number): AsyncIterable<Uint8Array> {
  return taken(body, [], { limit: Number.POSITIVE_INFINITY, idleMs })
}

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}
const MOST_ENCODINGS = 3

/** In the order in which they are undone. */
function encodingsOf(header: string | undefined): string[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase())
  const encodings = names.filter((name) => name !== '' && name !== 'identity')
  if (encodings.length > MOST_ENCODINGS || encodings.some((name) => decoders[name] === undefined)) {
    throw new XrpcError(415, 'UnsupportedMediaType', 'unsupported content-encoding')
  }
  return encodings.reverse()
}

async function* taken(
  body: Readable,
  encodings: readonly string[],
  { limit, idleMs }: Pick<BodyStreamOptions, 'limit' | 'idleMs'>,
): AsyncGenerator<Uint8Array> {
  const transforms = encodings.map((name) => decoders[name]!())
  let source = body
  for (const transform of transforms) source = source.pipe(transform)
  const inbox = new Inbox(source, idleMs)
  // Errors and ends do not travel along pipes by themselves.
  const brokenOff = () => inbox.fail(invalidRequest('The request body broke off'))
  const notDecoded = () => inbox.fail(invalidRequest(`The request body is not ${encodings.join()}`))
  const closed = () => {
    if (!body.readableEnded) brokenOff()
  }
  body.on('error', brokenOff).on('close', closed)
  for (const transform of transforms) transform.on('error', notDecoded)
  let size = 0
  try {
    for (let chunk = await inbox.next(); chunk !== undefined; chunk = await inbox.next()) {
      size += chunk.length
      if (size > limit) throw tooLarge()
      yield chunk
    }
  } finally {
    // The request itself stays: what is left of it is the server's to get rid of. Its errors are heard of on.
    inbox.close()
    body.off('close', closed)
    if (transforms[0] !== undefined) body.unpipe(transforms[0])
    body.pause()
    for (const transform of transforms) transform.destroy()
  }
}

/** Chunks as they come, without copies, held until they are taken. */
class Inbox {
  readonly #source: Readable
  readonly #idleMs: number
  readonly #longest: NodeJS.Timeout
  #idle: NodeJS.Timeout | undefined
  #chunks: Uint8Array[] = []
  #held = 0
  #ended = false
  #failure: XrpcError | undefined
  #wake: (() => void) | undefined

  constructor(source: Readable, idleMs: number) {
    this.#source = source
    this.#idleMs = idleMs
    this.#longest = setTimeout(() => this.fail(tooSlow()), CALL_TIMEOUT_MS)
    source.on('data', this.#take).on('end', this.#end)
    this.#awaitMore()
  }

  /** The next chunk; undefined where there is none any more. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#held -= chunk.length
        if (this.#held === 0 && !this.#ended && this.#source.isPaused()) this.#resume()
        return chunk
      }
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  fail(error: XrpcError): void {
    this.#failure ??= error
    this.#stir()
  }

  close(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#longest)
    this.#source.off('data', this.#take).off('end', this.#end)
    this.#chunks = []
  }

  readonly #take = (chunk: Uint8Array): void => {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held < HELD_BYTES) this.#idle?.refresh()
    else {
      // From here on it is not the client that is slow.
      clearTimeout(this.#idle)
      this.#source.pause()
    }
    this.#stir()
  }

  readonly #end = (): void => {
    this.#ended = true
    clearTimeout(this.#idle)
    this.#stir()
  }

  #resume(): void {
    this.#source.resume()
    this.#awaitMore()
  }

  #awaitMore(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.fail(tooSlow()), this.#idleMs)
  }

  #stir(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

function tooLarge(): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', 'request entity too large')
}

function tooSlow(): XrpcError {
  return new XrpcError(408, 'RequestTimeout', 'The request body took too long')
}

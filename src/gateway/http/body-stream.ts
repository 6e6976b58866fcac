/** Streams a request's body, decoded, with limits on size and time. */
import type { Readable } from 'node:stream'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { BodySource } from '#src/gateway/http/body.ts'
import { brokenOff, tooLarge, tooSlow } from '#src/gateway/http/body-errors.ts'
import {
  type ContentEncoding,
  decodersFor,
  parseContentEncoding,
} from '#src/gateway/http/content-encoding.ts'
import { declaredMediaType } from '#src/gateway/http/media-type.ts'

export interface BodyStream {
  /** The Content-Type, without parameters. */
  readonly type: string
  readonly length: number | undefined
  /** Read once. Throws 400 if the body breaks off or cannot be decoded, 408 if it is slow, 413 if it is too large. */
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface BodyStreamOptions {
  /** The expected media type; any if both sides of the slash are asterisks. */
  accepts: string
  /** Bytes, of the Content-Length and of the decoded body. */
  limit: number
  idleMs: number
}

const MAX_DURATION_MS = 60 * 60 * 1000
const MAX_BUFFERED_BYTES = 1024 * 1024

export function openBodyStream(source: BodySource, options: BodyStreamOptions): BodyStream {
  const lengthHeader = source.header('content-length')
  if (lengthHeader === undefined && source.header('transfer-encoding') === undefined) {
    throw invalidRequest('A request body is expected but none was provided')
  }
  const type = declaredMediaType(source.header('content-type'))
  if (type === undefined) {
    throw invalidRequest('Request encoding (Content-Type) required but not provided')
  }
  if (options.accepts !== '*/*' && type.toLowerCase() !== options.accepts) {
    throw invalidRequest(`Wrong request encoding (Content-Type): ${type}`)
  }
  const length = lengthHeader === undefined ? undefined : Number(lengthHeader)
  if (length !== undefined && length > options.limit) throw tooLarge()
  const encodings = parseContentEncoding(source.header('content-encoding'))
  return { type, length, bytes: decodedChunks(source.body(), encodings, options) }
}

/** A body without decoding or a size limit. Throws 400 and 408. */
export function rawBytes(body: Readable, idleMs: number): AsyncIterable<Uint8Array> {
  return decodedChunks(body, [], { limit: Number.POSITIVE_INFINITY, idleMs })
}

async function* decodedChunks(
  body: Readable,
  encodings: readonly ContentEncoding[],
  { limit, idleMs }: Pick<BodyStreamOptions, 'limit' | 'idleMs'>,
): AsyncGenerator<Uint8Array> {
  const transforms = decodersFor(encodings)
  let source = body
  for (const transform of transforms) source = source.pipe(transform)
  const buffer = new ChunkBuffer(source, idleMs)
  // pipe() propagates neither errors nor an early close.
  const onAbort = () => buffer.fail(brokenOff())
  const onDecodeError = () =>
    buffer.fail(invalidRequest(`The request body is not ${encodings.join()}`))
  const onClose = () => {
    if (!body.readableEnded) onAbort()
  }
  body.on('error', onAbort).on('close', onClose)
  for (const transform of transforms) transform.on('error', onDecodeError)
  let size = 0
  try {
    for (let chunk = await buffer.next(); chunk !== undefined; chunk = await buffer.next()) {
      size += chunk.length
      if (size > limit) throw tooLarge()
      yield chunk
    }
  } finally {
    // The request is not destroyed: the server discards the rest. The 'error' listener stays, since an unhandled 'error'
    // event would end the process.
    buffer.close()
    body.off('close', onClose)
    if (transforms[0] !== undefined) body.unpipe(transforms[0])
    body.pause()
    for (const transform of transforms) transform.destroy()
  }
}

/** Buffers chunks without copies until they are read, with backpressure and timeouts. */
class ChunkBuffer {
  readonly #source: Readable
  readonly #idleMs: number
  readonly #deadline: NodeJS.Timeout
  #idleTimer: NodeJS.Timeout | undefined
  #chunks: Uint8Array[] = []
  #bufferedBytes = 0
  #ended = false
  #failure: XrpcError | undefined
  #wake: (() => void) | undefined

  constructor(source: Readable, idleMs: number) {
    this.#source = source
    this.#idleMs = idleMs
    this.#deadline = setTimeout(() => this.fail(tooSlow()), MAX_DURATION_MS)
    source.on('data', this.#onData).on('end', this.#onEnd)
    this.#startIdleTimer()
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#bufferedBytes -= chunk.length
        if (this.#bufferedBytes === 0 && !this.#ended && this.#source.isPaused()) this.#resume()
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
    this.#wakeReader()
  }

  close(): void {
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#deadline)
    this.#source.off('data', this.#onData).off('end', this.#onEnd)
    this.#chunks = []
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.length
    if (this.#bufferedBytes < MAX_BUFFERED_BYTES) this.#idleTimer?.refresh()
    else {
      // The client is not at fault for our own pause.
      clearTimeout(this.#idleTimer)
      this.#source.pause()
    }
    this.#wakeReader()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    clearTimeout(this.#idleTimer)
    this.#wakeReader()
  }

  #resume(): void {
    this.#source.resume()
    this.#startIdleTimer()
  }

  #startIdleTimer(): void {
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.fail(tooSlow()), this.#idleMs)
  }

  #wakeReader(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** Aborts an upload if the storage accepts no data for some time. */
import { Readable } from 'node:stream'
import { XrpcError } from '#src/errors.ts'

/** Keeps the error of the source, if that failed; else the reason is 504 UpstreamTimeout. */
export class StallTimeout {
  readonly controller = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined
  // False while waiting for the client's next bytes.
  #hasData = false
  readonly #bufferBytes: number
  reason: unknown

  constructor(ms: number, bufferBytes: number) {
    this.#ms = ms
    this.#bufferBytes = bufferBytes
  }

  watch(source: AsyncIterable<Uint8Array>): Readable {
    return Readable.from(this.#watched(source), {
      objectMode: false,
      highWaterMark: this.#bufferBytes,
    })
  }

  async *#watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        this.#hasData = true
        this.restart()
        yield chunk
        this.#hasData = false
        clearTimeout(this.#timer)
      }
      this.#hasData = true
      this.restart()
    } catch (error) {
      this.reason ??= error
      throw error
    }
  }

  restart(): void {
    clearTimeout(this.#timer)
    if (!this.#hasData) return
    this.#timer = setTimeout(() => {
      this.reason ??= tooSlow()
      this.controller.abort()
    }, this.#ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

export function tooSlow(): XrpcError {
  return new XrpcError(504, 'UpstreamTimeout', 'Upload timed out, please try again.')
}

/**
 * Compresses messages with zstd and a dictionary, each into a frame of its own that is decoded without the others. The
 * same streams do it for all subscribers: a call that compresses one message reads the dictionary each time, which costs
 * more than the compression.
 */
import { constants, createZstdCompress } from 'node:zlib'

/** Node hands each message to a thread and back, which takes as long as the compression: some are under way at a time. */
const STREAMS = 4

export class Compressor {
  readonly #streams: FrameStream[]
  #next = 0

  constructor(dictionary: Buffer) {
    this.#streams = Array.from({ length: STREAMS }, () => new FrameStream(dictionary))
  }

  compress(message: Uint8Array): Promise<Buffer> {
    return this.#streams[this.#next++ % STREAMS]!.compress(message)
  }

  close(): void {
    for (const stream of this.#streams) stream.close()
  }
}

/** Compresses one message after the other. */
class FrameStream {
  readonly #stream: ReturnType<typeof createZstdCompress>
  #chunks: Buffer[] = []

  constructor(dictionary: Buffer) {
    this.#stream = createZstdCompress({ dictionary, flush: constants.ZSTD_e_end })
    this.#stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    // The error of a message is that of its `write`.
    this.#stream.on('error', () => {})
  }

  compress(message: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#stream.write(message, (error) => {
        if (error) return reject(error)
        const chunks = this.#chunks
        this.#chunks = []
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
      })
    })
  }

  close(): void {
    this.#stream.destroy()
  }
}

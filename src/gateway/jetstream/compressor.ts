/**
 * Compresses messages with zstd and a dictionary, each into a frame of its own that is decoded without the others. One
 * compressor does it for all subscribers: a call that compresses one message reads the dictionary each time, which costs
 * more than the compression.
 */
import { constants, createZstdCompress } from 'node:zlib'

export class Compressor {
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

/** How a stream writes batches of events: as text, or compressed; in both cases once for all subscribers. */
import { type Batch, type FramedEvents, frameOf } from '#src/gateway/events/batch.ts'
import type { Encoding, StreamEvent } from '#src/gateway/events/stream-event.ts'
import { frameMessages, frameTexts, messageLength } from '#src/gateway/firehose/websocket-frame.ts'
import { Compressor } from '#src/gateway/jetstream/compressor.ts'

/** What is written for a batch, and how long its messages are before compression. */
export interface WrittenEvents extends FramedEvents {
  textBytes: number
}

export interface Wire {
  readonly scheme: 'none' | 'zstd'
  /** Not a promise if it is known at once. */
  write(batch: Batch): WrittenEvents | Promise<WrittenEvents>
  /** A message that is not an event. */
  writeText(text: string): Promise<Uint8Array>
  close(): void
}

export function plainWire(encoding: Encoding): Wire {
  return {
    scheme: 'none',
    write(batch) {
      const framed = batch.framed(encoding)
      return { ...framed, textBytes: framed.payloadBytes }
    },
    writeText: async (text) => frameTexts([text]).bytes,
    close() {},
  }
}

export class CompressedWire implements Wire {
  readonly scheme = 'zstd'
  readonly #encoding: Encoding
  readonly #dictionary: Buffer
  #compressor: Compressor | undefined
  readonly #written = new WeakMap<Batch, Promise<WrittenEvents>>()
  /** The messages without their WebSocket frames. */
  readonly #compressed = new WeakMap<StreamEvent, Promise<Buffer>>()

  constructor(encoding: Encoding, dictionary: Buffer) {
    this.#encoding = encoding
    this.#dictionary = dictionary
  }

  write(batch: Batch): Promise<WrittenEvents> {
    let written = this.#written.get(batch)
    if (written === undefined) {
      written = this.#compress(batch.events)
      this.#written.set(batch, written)
    }
    return written
  }

  async writeText(text: string): Promise<Uint8Array> {
    return frameMessages([await this.#compressOne(Buffer.from(text))]).bytes
  }

  close(): void {
    this.#compressor?.close()
  }

  async #compress(events: readonly StreamEvent[]): Promise<WrittenEvents> {
    const compressing: Promise<Buffer>[] = []
    let textBytes = 0
    for (const event of events) {
      const frame = frameOf(event, this.#encoding)
      if (frame === undefined) continue
      const length = messageLength(frame)
      textBytes += length
      let compressed = this.#compressed.get(event)
      if (compressed === undefined) {
        compressed = this.#compressOne(frame.subarray(frame.length - length))
        this.#compressed.set(event, compressed)
      }
      compressing.push(compressed)
    }
    const messages = await Promise.all(compressing)
    const { bytes } = frameMessages(messages)
    const payloadBytes = messages.reduce((sum, { length }) => sum + length, 0)
    return { bytes, messages: messages.length, payloadBytes, textBytes }
  }

  /** The compressor begins with the first message: it keeps some MB. */
  #compressOne(message: Uint8Array): Promise<Buffer> {
    this.#compressor ??= new Compressor(this.#dictionary)
    return this.#compressor.compress(message)
  }
}

/** Messages as server-sent events, in the body of a response. */
import type { XrpcError } from '#src/errors.ts'
import type { Batch } from '#src/gateway/events/batch.ts'
import { eventText } from '#src/gateway/realtime/event-text.ts'
import { SSE_RETRY, serverSentEvent } from '#src/gateway/realtime/message-text.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'

/** Bytes. */
const MAX_QUEUED = 256 * 1024

export class EventStreamTransport implements Transport {
  readonly #controller: ReadableStreamDefaultController<Uint8Array>
  readonly body: ReadableStream<Uint8Array>
  readonly #encoder = new TextEncoder()
  #isOpen = true
  onDrain = () => {}
  onClose = () => {}

  constructor() {
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const source = {
      start: (given: ReadableStreamDefaultController<Uint8Array>) => {
        controller = given
      },
      pull: () => this.onDrain(),
      cancel: () => this.#close(),
    }
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_QUEUED })
    this.body = new ReadableStream<Uint8Array>(source, strategy)
    this.#controller = controller
    this.#write(SSE_RETRY)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0
  }

  message(name: string, payload: string, seq?: number): void {
    this.#write(serverSentEvent(name, payload, seq))
  }

  events(batch: Batch): void {
    const texts = batch.events.map((event) =>
      serverSentEvent(event.kind, eventText(event), event.seq),
    )
    this.#write(texts.join(''))
  }

  fail({ error, message }: XrpcError): void {
    this.#write(serverSentEvent('error', JSON.stringify({ error, message })))
    this.#end()
  }

  goAway(): void {
    this.#end()
  }

  #write(text: string): void {
    if (this.#isOpen && text !== '') this.#controller.enqueue(this.#encoder.encode(text))
  }

  #end(): void {
    if (!this.#isOpen) return
    this.#close()
    this.#controller.close()
  }

  #close(): void {
    this.#isOpen = false
    this.onClose()
  }
}

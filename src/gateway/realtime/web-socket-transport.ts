/** Messages over a WebSocket, in the framing of proposal 0015. */
import type { XrpcError } from '#src/errors.ts'
import type { Batch } from '#src/gateway/events/batch.ts'
import { frameTexts } from '#src/gateway/firehose/websocket-frame.ts'
import {
  GOING_AWAY,
  INTERNAL_ERROR,
  POLICY_VIOLATION,
  type StreamConnection,
} from '#src/gateway/http/stream-connection.ts'
import { publicEncoding } from '#src/gateway/realtime/event-text.ts'
import { errorFrame, messageFrame } from '#src/gateway/realtime/message-text.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'

export class WebSocketTransport implements Transport {
  readonly #connection: StreamConnection

  constructor(connection: StreamConnection) {
    this.#connection = connection
  }

  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  get hasRoom(): boolean {
    return this.#connection.hasRoom
  }

  message(_: string, payload: string): void {
    this.#write(messageFrame(payload))
  }

  events(batch: Batch): void {
    this.#connection.write(batch.framed(publicEncoding).bytes)
  }

  fail({ status, error, message }: XrpcError): void {
    this.#write(errorFrame(error, message))
    this.#connection.end(status >= 500 ? INTERNAL_ERROR : POLICY_VIOLATION, error)
  }

  goAway(): void {
    this.#connection.end(GOING_AWAY, 'the server is stopping')
  }

  #write(text: string): void {
    this.#connection.write(frameTexts([text]).bytes)
  }
}

/** What a subscriber writes to: a WebSocket, or a stream of server-sent events. */
import type { XrpcError } from '#src/errors.ts'
import type { Batch } from '#src/gateway/events/batch.ts'

export interface Transport {
  readonly isOpen: boolean
  /** False while so much waits to be sent that events should wait elsewhere. */
  readonly hasRoom: boolean
  /** `payload` is JSON text of the definition `name`; `seq` is where to continue after it. */
  message(name: string, payload: string, seq?: number): void
  /** Public events in the shared encoding. */
  events(batch: Batch): void
  /** The last message, and the end. */
  fail(error: XrpcError): void
  /** The server stops. */
  goAway(): void
}

/** One connection to the server, whatever carries it. */
import type { RealtimeError } from './errors.ts'
import type { ClientMessage, ServerMessage } from './messages.ts'

export interface Link {
  /** Whether nothing was asked of the server, so that its silence means nothing. */
  readonly isIdle: boolean
  /** Ignored if the link is not open. */
  send(message: ClientMessage): void
  /** Calls no event afterwards. */
  close(): void
}

export interface LinkEvents {
  onOpen(): void
  onMessage(message: ServerMessage): void
  /** The server is there, although it has nothing to say. */
  onAlive(): void
  /** Once. `error` is what the server said, if it said anything. */
  onClose(error?: RealtimeError): void
}

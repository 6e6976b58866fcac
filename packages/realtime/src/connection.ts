/** What subscriptions and channels use to reach the server: a connection of this page, or of another page of the browser. */
import type { RealtimeError } from './errors.ts'
import type { ClientMessage, ServerMessage } from './messages.ts'

export interface Connection {
  /** May be called again; it has no effect then. */
  start(): void
  /** Ignored while the connection is not open: `onOpen` sends again what is wanted. */
  send(message: ClientMessage): void
  close(): void
}

export type ConnectionState = 'connecting' | 'open' | 'offline' | 'ended'

export interface ConnectionEvents {
  /** `error` is why it has ended. */
  onState(state: ConnectionState, error?: RealtimeError): void
  onMessage(message: ServerMessage): void
}

export interface Timing {
  /** Between two attempts to connect, or to read: at least and at most. */
  minBackoffMs: number
  maxBackoffMs: number
  /** A connection that is silent for so long is given up; the server sends something every 25 s. */
  silenceMs: number
  /** How long a page waits for an answer of the page that holds the connection. */
  leaderTimeoutMs: number
}

export const defaultTiming: Timing = {
  minBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  silenceMs: 60_000,
  leaderTimeoutMs: 5_000,
}

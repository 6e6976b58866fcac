/** What the pages of a browser profile say to each other; the one with the connection is the leader. */
import type { ConnectionState } from './connection.ts'
import type { ClientMessage, ServerMessage } from './messages.ts'

export type PageMessage =
  /** From the leader to all pages. */
  | { to: 'pages'; kind: 'state'; state: ConnectionState }
  | { to: 'pages'; kind: 'message'; message: ServerMessage }
  /** From a page to the leader: it has come, and asks for the state; it is still there; what the server is to be told. */
  | { to: 'leader'; kind: 'hello'; page: string }
  | { to: 'leader'; kind: 'send'; page: string; message: ClientMessage }
  | { to: 'leader'; kind: 'bye'; page: string }

/** Not from `crypto.randomUUID`, which pages without TLS do not have. */
export function newPageId(): string {
  return Array.from({ length: 3 }, () => Math.random().toString(36).slice(2)).join('')
}

/** The subscriptions and channels of a page have ids that begin with it. */
export function idsOf(page: string): () => string {
  let last = 0
  return () => `${page}.${++last}`
}

/** Held by a page as long as it exists. */
export function pageLock(group: string, page: string): string {
  return `${group}/${page}`
}

/** The page that holds the connection: passes on what other pages send, and tells them what the server says. */
import type { Locks } from './browser.ts'
import type { Connection, ConnectionState } from './connection.ts'
import type { ClientMessage, ServerMessage } from './messages.ts'
import { type PageMessage, pageLock } from './page-messages.ts'

export class Leader {
  readonly #connection: Connection
  readonly #post: (message: PageMessage) => void
  readonly #locks: Locks
  readonly #group: string
  #state: ConnectionState = 'connecting'
  /** What to end when the page goes, by id, of every page that is there. */
  readonly #pages = new Map<string, Map<string, ClientMessage>>()
  readonly #closed = new AbortController()

  constructor(options: {
    connection: Connection
    post: (message: PageMessage) => void
    locks: Locks
    group: string
  }) {
    this.#connection = options.connection
    this.#post = options.post
    this.#locks = options.locks
    this.#group = options.group
  }

  start(): void {
    this.#connection.start()
  }

  onState(state: ConnectionState): void {
    this.#state = state
    if (state !== 'open') for (const kept of this.#pages.values()) kept.clear()
    this.#post({ to: 'pages', kind: 'state', state })
  }

  onMessage(message: ServerMessage): void {
    this.#post({ to: 'pages', kind: 'message', message })
  }

  onPageMessage(message: PageMessage): void {
    if (message.to !== 'leader') return
    const { page } = message
    if (message.kind === 'bye') {
      this.#drop(page)
      return
    }
    if (message.kind === 'hello') this.#post({ to: 'pages', kind: 'state', state: this.#state })
    const kept = this.#pages.get(page) ?? this.#add(page)
    if (message.kind === 'send') {
      keepWhatEnds(kept, message.message)
      this.#connection.send(message.message)
    }
  }

  close(): void {
    this.#closed.abort()
    this.#connection.close()
  }

  #add(page: string): Map<string, ClientMessage> {
    const kept = new Map<string, ClientMessage>()
    this.#pages.set(page, kept)
    // A page that crashes says no goodbye, but its lock becomes free.
    this.#locks
      .request(pageLock(this.#group, page), { signal: this.#closed.signal }, async () => {
        this.#drop(page)
      })
      .catch(() => {})
    return kept
  }

  #drop(page: string): void {
    const kept = this.#pages.get(page)
    this.#pages.delete(page)
    for (const message of kept?.values() ?? []) this.#connection.send(message)
  }
}

function keepWhatEnds(kept: Map<string, ClientMessage>, message: ClientMessage): void {
  const { type } = message
  if (type === 'sub') kept.set(message.id, { type: 'unsub', id: message.id })
  if (type === 'join') kept.set(message.id, { type: 'leave', id: message.id })
  if (type === 'unsub' || type === 'leave') kept.delete(message.id)
}

/** A channel of an account: messages that are not stored, and who is there. At most once; there is no replay. */
import type { Connection } from './connection.ts'
import { Emitter } from './emitter.ts'
import { RealtimeFailure } from './errors.ts'
import {
  type ChannelName,
  DEFAULT_CHANNEL,
  NOT_OVER_EVENT_STREAM,
  type ServerMessage,
} from './messages.ts'
import { asFailure, isTemporary, publish, type Session } from './session.ts'

export interface ChannelMessage {
  /** DID of the account that published it. */
  from: string
  body: unknown
  time: string
}

export interface PresenceChange {
  from: string
  /** What the account says of itself; null if it has left, or was not there for 30 s. */
  state: Record<string, unknown> | null
}

const temporary = ['RateLimitExceeded', 'InternalServerError', 'ServiceUnavailable']
const RETRY_MS = 2_000

interface ChannelEvents {
  message: ChannelMessage
  presence: PresenceChange
  /** The server does not let the account in, or no longer, and the channel is left; or it refuses a state. */
  error: RealtimeFailure
}

export interface ChannelClient {
  connection: Connection
  session: Session
  isOpen(): boolean
}

export class Channel {
  readonly id: string
  readonly #client: ChannelClient
  readonly #channel: ChannelName
  readonly #emitter = new Emitter<ChannelEvents>()
  readonly #present = new Map<string, Record<string, unknown>>()
  readonly #onLeave: () => void
  #state: Record<string, unknown> | undefined
  #isJoined = false
  #hasLeft = false
  /** The connection is an event stream. The next one may be a WebSocket, over which it is joined. */
  #isPublishOnly = false

  constructor(
    client: ChannelClient,
    options: {
      id: string
      channel: ChannelName
      state?: Record<string, unknown> | undefined
      onLeave: () => void
    },
  ) {
    this.id = options.id
    this.#client = client
    this.#channel = options.channel
    this.#state = options.state
    this.#onLeave = options.onLeave
  }

  /** Who is there, by DID, with what they say of themselves. */
  get present(): ReadonlyMap<string, Record<string, unknown>> {
    return this.#present
  }

  on<Name extends keyof ChannelEvents>(
    name: Name,
    listener: (value: ChannelEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener)
  }

  /**
   * Sends any JSON value of at most 4 KB to those who are there, at most once. While the channel is not joined (not yet,
   * not again after a reconnect, or not over server-sent events), this is a request of its own. Rejects with a
   * RealtimeFailure: `NotJoined` if the channel was left or refused, or the server cannot be reached; else as the server
   * answers that request.
   */
  async publish(body: unknown): Promise<void> {
    if (this.#isJoined) {
      this.#client.connection.send({ type: 'publish', channel: this.#channel, body })
      return
    }
    if (this.#hasLeft) throw notJoined('The channel was left, or refused by the server')
    try {
      await publish(this.#client.session, this.#channel, body)
    } catch (error) {
      const isOfServer = error instanceof RealtimeFailure
      if (isOfServer || !isTemporary(error)) throw asFailure(error)
      throw notJoined('The channel is not joined, and the server cannot be reached')
    }
  }

  /** Changes what others see of this account in `present`. */
  setState(state: Record<string, unknown>): void {
    this.#state = state
    this.join()
  }

  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#isJoined = false
    this.#client.connection.send({ type: 'leave', id: this.id })
    this.#onLeave()
  }

  /** On each new connection. */
  join(): void {
    if (this.#hasLeft || !this.#client.isOpen()) return
    const state = this.#state === undefined ? {} : { state: this.#state }
    this.#client.connection.send({ type: 'join', id: this.id, channel: this.#channel, ...state })
  }

  onClosed(): void {
    this.#isJoined = false
  }

  onMessage(message: ServerMessage): void {
    const { type, id } = message
    if (id === this.id && type === 'joined') this.#joined(message)
    if (id === this.id && type === 'refused') this.#refused(message)
    if (id === this.id && type === 'left' && message['error'] !== undefined) this.#end(message)
    if (type === 'ephemeral' && this.#isHere(message)) {
      const { from, body, time } = message as unknown as ChannelMessage
      this.#emitter.emit('message', { from, body, time })
    }
    if (type === 'presence' && this.#isHere(message)) {
      const { from, state = null } = message as unknown as PresenceChange
      this.#setPresent(from, state)
    }
  }

  #joined(message: ServerMessage): void {
    this.#isJoined = true
    this.#isPublishOnly = false
    type Member = { did: string; state?: Record<string, unknown> | null }
    const present = (message['present'] ?? []) as readonly Member[]
    const dids = new Set(present.map(({ did }) => did))
    for (const did of [...this.#present.keys()]) if (!dids.has(did)) this.#setPresent(did, null)
    for (const { did, state } of present) this.#setPresent(did, state ?? {})
  }

  #setPresent(from: string, state: Record<string, unknown> | null): void {
    const before = this.#present.get(from)
    if (state === null) {
      if (!this.#present.delete(from)) return
    } else {
      this.#present.set(from, state)
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(state)) return
    }
    this.#emitter.emit('presence', { from, state })
  }

  #refused(message: ServerMessage): void {
    if (message['error'] === NOT_OVER_EVENT_STREAM) {
      if (!this.#isPublishOnly) this.#tell(message)
      this.#isPublishOnly = true
      return
    }
    if (!this.#isJoined && !temporary.includes(String(message['error']))) {
      this.#end(message)
      return
    }
    if (!this.#isJoined) setTimeout(() => this.join(), RETRY_MS * (1 + Math.random()))
    this.#tell(message)
  }

  #end(message: ServerMessage): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#isJoined = false
    this.#onLeave()
    this.#tell(message)
  }

  #tell({ error, message = '' }: ServerMessage): void {
    const failure = { error: String(error), message: String(message) }
    this.#emitter.emit('error', new RealtimeFailure(failure))
  }

  #isHere(message: ServerMessage): boolean {
    const channel = message['channel'] as ChannelName | undefined
    const name = this.#channel.name ?? DEFAULT_CHANNEL
    return channel?.did === this.#channel.did && (channel.name ?? DEFAULT_CHANNEL) === name
  }
}

function notJoined(message: string): RealtimeFailure {
  return new RealtimeFailure({ error: 'NotJoined', message })
}

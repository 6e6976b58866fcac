/** A named subscription: its filter, its position in the stream of events, and its listeners. */
import { callListener } from './emitter.ts'
import { type RealtimeError, RealtimeFailure } from './errors.ts'
import type { Gap, RealtimeEvent } from './events.ts'
import type { ClientMessage, ServerMessage, SubscriptionFilter } from './messages.ts'

export interface SubscriptionListener {
  onEvent(event: RealtimeEvent): void
  /** From here on nothing is missed. Called again after each new connection. */
  onSubscribed?(): void
  onGap?(gap: Gap): void
  /** The server refuses the subscription, which has ended. */
  onError?(error: RealtimeFailure): void
  onPosition?(): void
  /** Replay is over, or the connection has closed. */
  onLive?(isLive: boolean): void
}

export class Subscription {
  readonly id: string
  readonly filter: SubscriptionFilter
  readonly listeners = new Set<SubscriptionListener>()
  /** Everything up to this seq has been passed on; undefined until the server says where it begins. */
  position: number | undefined
  isSubscribed = false
  #isLive = false
  readonly #begunAt: number | undefined
  #keysAtPosition = new Set<string>()
  #askedFor: number | undefined

  constructor(id: string, filter: SubscriptionFilter, cursor?: number) {
    this.id = id
    this.filter = filter
    this.position = cursor
    this.#begunAt = cursor
  }

  /** Whether a listener that wants events from now on may join. */
  get isShareable(): boolean {
    return this.#begunAt === undefined
  }

  /** Replay is over. */
  get isLive(): boolean {
    return this.#isLive
  }

  closed(): void {
    this.isSubscribed = false
    this.#setLive(false)
  }

  request(): ClientMessage {
    this.closed()
    this.#askedFor = this.position
    const cursor = this.position === undefined ? {} : { cursor: this.position }
    return { type: 'sub', id: this.id, ...this.filter, ...cursor }
  }

  subscribed(seq: number): void {
    this.isSubscribed = true
    this.#setLive(this.#askedFor === undefined)
    if (this.position === undefined) this.#moveTo(seq)
    this.#each((listener) => listener.onSubscribed?.())
  }

  /** Replay is over. */
  ready(seq: number): void {
    this.#moveTo(seq)
    this.#setLive(true)
  }

  /** Nothing before this seq is missing, if the subscription is live. */
  tick(seq: number): void {
    if (this.#isLive) this.#moveTo(seq)
  }

  /** Ignores what was passed on before; several operations of an old commit share their seq. */
  event({ ids: _, ...fields }: ServerMessage): void {
    const event = fields as unknown as RealtimeEvent
    const { seq } = event
    const at = this.position ?? 0
    const key = keyOf(event)
    if (seq < at || (seq === at && (this.#keysAtPosition.has(key) || seq === this.#askedFor)))
      return
    if (seq > at) this.#keysAtPosition = new Set()
    this.#keysAtPosition.add(key)
    this.position = seq
    this.#each((listener) => {
      listener.onEvent(event)
      listener.onPosition?.()
    })
  }

  /** Returns what was missed, if it is not known already. */
  gap(from: number, to: number): Gap {
    const gap = { from, to }
    this.#each((listener) => listener.onGap?.(gap))
    return gap
  }

  fail({ error, message }: RealtimeError): void {
    const failure = new RealtimeFailure({ error, message })
    this.#each((listener) => listener.onError?.(failure))
  }

  #setLive(isLive: boolean): void {
    if (isLive === this.#isLive) return
    this.#isLive = isLive
    this.#each((listener) => listener.onLive?.(isLive))
  }

  #moveTo(seq: number): void {
    if (seq <= (this.position ?? -1)) return
    this.position = seq
    this.#keysAtPosition = new Set()
    this.#each((listener) => listener.onPosition?.())
  }

  #each(tell: (listener: SubscriptionListener) => void): void {
    for (const listener of [...this.listeners]) {
      callListener(() => {
        if (this.listeners.has(listener)) tell(listener)
      })
    }
  }
}

function keyOf(event: RealtimeEvent): string {
  return event.type === 'commit' ? `${event.collection}/${event.rkey}/${event.cid}` : event.type
}

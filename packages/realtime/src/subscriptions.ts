/** The subscriptions of a client: asks for each on every new connection, from where it had got. */
import type { Connection } from './connection.ts'
import { RealtimeFailure } from './errors.ts'
import type { Gap } from './events.ts'
import type { ServerMessage, SubscriptionFilter } from './messages.ts'
import { Subscription, type SubscriptionListener } from './subscription.ts'

export interface SubscriptionsEvents {
  onGap(gap: Gap): void
  onError(error: RealtimeFailure): void
  /** A subscription became live, or is not any more. */
  onChange(): void
}

export interface SubscriptionHandle {
  /** Everything up to this seq has been passed on. */
  readonly position: number | undefined
  readonly isLive: boolean
  close(): void
}

export class Subscriptions {
  readonly #connection: Connection
  readonly #events: SubscriptionsEvents
  readonly #newId: () => string
  readonly #byId = new Map<string, Subscription>()
  /** Cursors that the server refused, by subscription. */
  readonly #refusedCursors = new Map<Subscription, number>()

  constructor(connection: Connection, events: SubscriptionsEvents, newId: () => string) {
    this.#connection = connection
    this.#events = events
    this.#newId = newId
  }

  get areLive(): boolean {
    return [...this.#byId.values()].every(({ isLive }) => isLive)
  }

  /**
   * `cursor` is exclusive; without one, events from now on, in one subscription for all who want the same. With
   * `isAlone` the subscription is not shared.
   */
  add(
    filter: SubscriptionFilter,
    listener: SubscriptionListener,
    { cursor, isAlone = false }: { cursor?: number | undefined; isAlone?: boolean } = {},
  ): SubscriptionHandle {
    const shared = isAlone || cursor !== undefined ? undefined : this.#findShareable(filter)
    const subscription = shared ?? new Subscription(this.#newId(), filter, cursor)
    subscription.listeners.add(listener)
    if (shared === undefined) {
      this.#byId.set(subscription.id, subscription)
      this.#connection.start()
      this.#connection.send(subscription.request())
      this.#events.onChange()
    } else if (shared.isSubscribed) {
      queueMicrotask(() => {
        if (shared.isSubscribed && shared.listeners.has(listener)) listener.onSubscribed?.()
      })
    }
    return {
      get position() {
        return subscription.position
      },
      get isLive() {
        return subscription.isLive
      },
      close: () => {
        if (!subscription.listeners.delete(listener) || subscription.listeners.size > 0) return
        if (this.#remove(subscription)) {
          this.#connection.send({ type: 'unsub', id: subscription.id })
        }
      },
    }
  }

  onOpen(): void {
    for (const subscription of this.#byId.values()) this.#connection.send(subscription.request())
  }

  onClosed(): void {
    for (const subscription of this.#byId.values()) subscription.closed()
  }

  onMessage(message: ServerMessage): void {
    const { type, id = '', seq = 0, ids = [] } = message
    const named = this.#byId.get(id)
    const taking = ids.flatMap((one) => this.#byId.get(one) ?? [])
    if (type === 'subscribed') {
      if (named !== undefined) this.#subscribed(named, seq)
    } else if (type === 'refused') {
      if (named !== undefined) this.#refused(named, message)
    } else if (type === 'ready') {
      for (const subscription of taking) subscription.ready(seq)
    } else if (type === 'tick') {
      for (const subscription of this.#byId.values()) subscription.tick(seq)
    } else if (type === 'info') {
      const { name, from, to } = message as { name?: unknown; from?: number; to?: number }
      if (name !== 'OutdatedCursor' || taking.length === 0) return
      for (const subscription of taking) subscription.gap(from ?? 0, to ?? 0)
      this.#events.onGap({ from: from ?? 0, to: to ?? 0 })
    } else if (message['did'] !== undefined && seq > 0) {
      for (const subscription of taking) subscription.event(message)
      return
    }
    this.#events.onChange()
  }

  #subscribed(subscription: Subscription, seq: number): void {
    const refused = this.#refusedCursors.get(subscription)
    subscription.subscribed(seq)
    if (refused === undefined) return
    this.#refusedCursors.delete(subscription)
    this.#events.onGap(subscription.gap(refused, seq))
  }

  #refused(subscription: Subscription, message: ServerMessage): void {
    const [error, text] = [String(message['error']), String(message['message'] ?? '')]
    if (error === 'FutureCursor' && subscription.position !== undefined) {
      // The server has lost events, or numbers them anew: what it has now is read again.
      this.#refusedCursors.set(subscription, subscription.position)
      subscription.position = undefined
      this.#connection.send(subscription.request())
      return
    }
    this.#remove(subscription)
    const isHandled = [...subscription.listeners].every(({ onError }) => onError !== undefined)
    subscription.fail({ error, message: text })
    if (!isHandled) this.#events.onError(new RealtimeFailure({ error, message: text }))
  }

  #remove(subscription: Subscription): boolean {
    this.#refusedCursors.delete(subscription)
    return this.#byId.delete(subscription.id)
  }

  #findShareable(filter: SubscriptionFilter): Subscription | undefined {
    const key = JSON.stringify(filter)
    return [...this.#byId.values()].find(
      (one) => one.isShareable && JSON.stringify(one.filter) === key,
    )
  }
}

/** Realtime events of AT Protocol accounts on a Headwater server: live, replayable, with live queries and channels. */
import { findLocks, followPage } from './browser.ts'
import { Channel } from './channel.ts'
import {
  type Connection,
  type ConnectionEvents,
  type ConnectionState,
  defaultTiming,
  type Timing,
} from './connection.ts'
import { Emitter } from './emitter.ts'
import { type RealtimeError, RealtimeFailure } from './errors.ts'
import { readEvents } from './event-queue.ts'
import type { CommitEvent, EventOfKind, Gap, Kind, RealtimeEvent, Status } from './events.ts'
import { type LiveCollection, liveCollection } from './live-collection.ts'
import type { LiveQueryClient } from './live-query.ts'
import { type LiveRecord, liveRecord } from './live-record.ts'
import { mergeJoins } from './merged-joins.ts'
import type { ServerMessage, SubscriptionFilter } from './messages.ts'
import { idsOf, newPageId } from './page-messages.ts'
import { type CursorStore, SavedCursors } from './saved-cursors.ts'
import { ServerConnection } from './server-connection.ts'
import type { Session } from './session.ts'
import { SharedConnection } from './shared-connection.ts'
import { Subscriptions } from './subscriptions.ts'

export type { Channel, ChannelMessage, PresenceChange } from './channel.ts'
export { RealtimeFailure } from './errors.ts'
export type * from './events.ts'
export type { CollectionView, LiveCollection } from './live-collection.ts'
export type { LiveRecord, RecordView } from './live-record.ts'
export type { ReadRecord } from './repo-reads.ts'
export type { CursorStore } from './saved-cursors.ts'
export type { Session } from './session.ts'

export interface RealtimeOptions {
  /** URL of the server. */
  service: string | URL
  session: Session
  /** One connection for all pages of the browser profile, as far as the browser can do that. Default: true. */
  shared?: boolean
  timing?: Partial<Timing>
}

export interface EventFilter {
  /** Default: the account of the session. */
  dids?: readonly string[]
  /** NSIDs, or `<prefix>.*`; constrains commits only. Default: all. */
  collections?: readonly string[]
  /** The `seq` of the last event that is not wanted any more. Default: events from now on. */
  cursor?: number
}

interface Signals {
  gap: Gap
  status: Status
  error: RealtimeFailure
}

type Listener<Value> = (value: Value) => void

export class Realtime {
  readonly #session: Session
  readonly #service: string
  readonly #connection: Connection
  readonly #subscriptions: Subscriptions
  readonly #emitter = new Emitter<Signals>()
  readonly #channels = new Set<Channel>()
  readonly #newId: () => string
  readonly #timing: Timing
  readonly #unfollow: () => void
  #saved: SavedCursors | undefined
  #state: ConnectionState = 'offline'
  #status: Status = 'offline'

  constructor({ service, session, shared = true, timing }: RealtimeOptions) {
    this.#session = session
    this.#service = new URL(service).origin
    this.#timing = { ...defaultTiming, ...timing }
    const page = newPageId()
    this.#newId = idsOf(page)
    this.#connection = this.#createConnection(page, shared)
    this.#subscriptions = new Subscriptions(
      this.#connection,
      {
        onGap: (gap) => this.#emitter.emit('gap', gap),
        onError: (error) => this.#emitter.emit('error', error),
        onChange: () => this.#showStatus(),
      },
      this.#newId,
    )
    this.#unfollow = followPage(
      () => void this.#saved?.save().catch(() => {}),
      () => {},
    )
  }

  get status(): Status {
    return this.#status
  }

  /**
   * Calls the listener for each event of the kind; or when events were missed that the server no longer has (`gap`), the
   * status changes, or the server refuses a subscription (`error`). Returns the function that removes the listener.
   * `Value` is the type that the app gives to the records of commits; they are not checked.
   */
  on<Name extends keyof Signals>(name: Name, listener: Listener<Signals[Name]>): () => void
  on<Value extends object = Record<string, unknown>>(
    kind: 'commit',
    listener: Listener<CommitEvent<Value>>,
  ): () => void
  on<Value extends object = Record<string, unknown>>(
    kind: 'commit',
    filter: EventFilter,
    listener: Listener<CommitEvent<Value>>,
  ): () => void
  on<K extends Kind>(kind: K, listener: Listener<EventOfKind[K]>): () => void
  on<K extends Kind>(kind: K, filter: EventFilter, listener: Listener<EventOfKind[K]>): () => void
  on(name: string, ...rest: [Listener<never>] | [EventFilter, Listener<never>]): () => void {
    const [filter, listener] = rest.length === 1 ? [{}, rest[0]] : rest
    if (name === 'gap' || name === 'status' || name === 'error') {
      return this.#emitter.on(name, listener as Listener<Signals[typeof name]>)
    }
    const ends = this.#filters({ ...filter, kinds: [name] }).map((one) =>
      this.#listen(one, filter.cursor, listener as Listener<RealtimeEvent>),
    )
    return () => {
      for (const end of ends) end()
    }
  }

  /**
   * Events in the order of their accounts, until the loop is left or the signal is aborted. `kinds` defaults to all that
   * the session may receive. Throws a RealtimeFailure if the server refuses the subscription.
   */
  events(
    filter: EventFilter & { kinds?: readonly string[]; signal?: AbortSignal } = {},
  ): AsyncGenerator<RealtimeEvent, void, undefined> {
    const { cursor, signal } = filter
    return readEvents(this.#subscriptions, this.#filters(filter), { cursor, signal })
  }

  /**
   * A record as a live query. `Value` is the type that the app gives to it; it is not checked. Throws a TypeError if the
   * URI is not `at://<did>/<collection>/<rkey>`.
   */
  record<Value extends object = Record<string, unknown>>(uri: string): LiveRecord<Value> {
    return liveRecord<Value>(this.#liveQueryClient(), this.#session, uri)
  }

  /**
   * The records of a collection as a live query; at most `limit` (default 1,000) with the highest record keys. `Value` is
   * as for `record`.
   */
  collection<Value extends object = Record<string, unknown>>(
    nsid: string,
    options: { did?: string; limit?: number } = {},
  ): LiveCollection<Value> {
    const { did = this.#ownDid(), limit = 1_000 } = options
    const of = { did, collection: nsid, limit }
    return liveCollection<Value>(this.#liveQueryClient(), this.#session, of)
  }

  /** Enters a channel of an account. `state` is what others see of this one, such as a name. */
  channel(options: { did: string; name?: string; state?: Record<string, unknown> }): Channel {
    const { did, name, state } = options
    const client = {
      connection: this.#connection,
      session: this.#session,
      isOpen: () => this.#state === 'open',
    }
    const channel = new Channel(client, {
      id: this.#newId(),
      channel: name === undefined ? { did } : { did, name },
      state,
      onLeave: () => void this.#channels.delete(channel),
    })
    this.#channels.add(channel)
    this.#connection.start()
    channel.join()
    return channel
  }

  /**
   * Before the first `on`: each listener continues where one with the same filter had got when the store was last saved,
   * which is done every second and when the page is left. Rejects as the store does.
   */
  async saveCursor(store: CursorStore, key?: string): Promise<void> {
    const name = key ?? `headwater-realtime ${this.#service} ${this.#session.did ?? ''}`
    this.#saved?.close()
    this.#saved = await SavedCursors.load(store, name)
  }

  /** Ends the connection, and everything that uses it, for good. */
  close(): void {
    this.#unfollow()
    void this.#saved?.save().catch(() => {})
    for (const channel of [...this.#channels]) channel.leave()
    this.#connection.close()
    this.#onState('ended')
  }

  #createConnection(page: string, shared: boolean): Connection {
    const [session, service, timing] = [this.#session, this.#service, this.#timing]
    const events: ConnectionEvents = {
      onState: (state, error) => this.#onState(state, error),
      onMessage: (message) => {
        this.#subscriptions.onMessage(message)
        if (message.type === 'refused' && message.id === undefined) this.#refused(message)
        for (const channel of [...this.#channels]) channel.onMessage(message)
      },
    }
    const connect = (events: ConnectionEvents) =>
      mergeJoins((merged) => new ServerConnection({ service, session, timing }, merged), events)
    const locks = findLocks()
    if (!shared || locks === undefined || session.did === undefined) return connect(events)
    const group = `headwater-realtime/1/${service}/${session.did}`
    return new SharedConnection({ group, page, locks, timing, connect }, events)
  }

  #onState(state: ConnectionState, error?: RealtimeError): void {
    if (this.#state === 'ended') return
    this.#state = state
    if (state === 'open') {
      this.#subscriptions.onOpen()
      for (const channel of this.#channels) channel.join()
    } else {
      this.#subscriptions.onClosed()
      for (const channel of this.#channels) channel.onClosed()
    }
    this.#showStatus()
    if (error !== undefined) this.#emitter.emit('error', new RealtimeFailure(error))
  }

  /** A message that has no name, such as one to a channel. */
  #refused({ error, message = '' }: ServerMessage): void {
    const failure = new RealtimeFailure({ error: String(error), message: String(message) })
    this.#emitter.emit('error', failure)
  }

  #showStatus(): void {
    const opened = this.#subscriptions.areLive ? 'live' : 'replaying'
    const status = this.#state === 'open' ? opened : this.#state
    if (status === this.#status) return
    this.#status = status
    this.#emitter.emit('status', status)
  }

  #listen(
    filter: SubscriptionFilter,
    cursor: number | undefined,
    listener: Listener<RealtimeEvent>,
  ): () => void {
    const saved = this.#saved
    const handle = this.#subscriptions.add(
      filter,
      { onEvent: listener, onPosition: () => saved?.changed() },
      { cursor: cursor ?? saved?.cursorOf(filter) },
    )
    const unfollow = saved?.follow(filter, handle)
    return () => {
      unfollow?.()
      handle.close()
    }
  }

  #filters({
    dids,
    kinds,
    collections,
  }: EventFilter & { kinds?: readonly string[] }): SubscriptionFilter[] {
    return (dids ?? [this.#ownDid()]).map((did) => ({
      did,
      ...(kinds && { kinds }),
      ...(collections && { collections }),
    }))
  }

  #ownDid(): string {
    const { did } = this.#session
    if (did === undefined) throw new TypeError('the session names no account: pass dids or did')
    return did
  }

  #liveQueryClient(): LiveQueryClient {
    return {
      subscriptions: this.#subscriptions,
      timing: this.#timing,
      onError: (error) => this.#emitter.emit('error', error),
    }
  }
}
